"""What a webhook's body and headers say, however odd they are."""

from __future__ import annotations

import pytest

from workbench_labelstudio.live.events import ACTIONS, HOOKED, PROJECT, Event, parse_event


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (
            {"action": "ANNOTATION_CREATED", "annotation": {"id": 5}, "task": {"id": 7}, "project": {"id": 3}},
            Event("ANNOTATION_CREATED", 3),
        ),
        (
            {"action": "ANNOTATIONS_CREATED", "annotation": [{"id": 5}, {"id": 6}], "task": [{"id": 7}, {"id": 8}]},
            Event("ANNOTATIONS_CREATED"),
        ),
        (
            {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 5}], "project": {"id": 3}},
            Event("ANNOTATIONS_DELETED", 3),
        ),
        ({"action": "TASKS_DELETED", "tasks": [{"id": 7}, {"id": 9}]}, Event("TASKS_DELETED")),
        ({"action": "START_TRAINING", "project": "12.1700000000"}, Event("START_TRAINING", 12)),
        ({"action": "START_TRAINING", "project": {"id": 12, "title": "退款"}}, Event("START_TRAINING", 12)),
        ({"action": "PROJECT_UPDATED", "project": 12}, Event("PROJECT_UPDATED", 12)),
        ({"action": "TASKS_CREATED"}, Event("TASKS_CREATED")),
    ],
)
def test_an_event_says_what_it_is_about(body, event):
    assert parse_event(body, {}) == event


@pytest.mark.parametrize("action", ACTIONS)
def test_every_known_action_is_an_event(action):
    assert parse_event({"action": action}, {}) == Event(action)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "LABEL_LINK_CREATED"},
        {"action": "REVIEW_CREATED"},
        {"action": None},
        {"action": ["x"]},
        [],
        "x",
        None,
        3,
    ],
)
def test_all_else_is_no_event(body):
    assert parse_event(body, {}) is None


@pytest.mark.parametrize("project", ["", "x.1", "²", "12x", None, True, 1.5, [], {}, {"id": "y"}, {"id": None}])
def test_a_project_that_is_none_is_not_known(project):
    assert parse_event({"action": "TASKS_CREATED", "project": project}, {}).project is None


def test_the_header_names_the_project_where_the_body_does_not():
    assert parse_event({"action": "TASKS_CREATED"}, {PROJECT: "7"}) == Event("TASKS_CREATED", 7)
    assert parse_event({"action": "TASKS_CREATED", "project": 3}, {PROJECT: "7"}) == Event("TASKS_CREATED", 3)
    assert parse_event({"action": "TASKS_CREATED"}, {PROJECT: "9" * 5000}) == Event("TASKS_CREATED")


def test_a_webhook_is_for_actions_that_a_project_may_have():
    assert set(HOOKED) < set(ACTIONS)
    assert "START_TRAINING" not in HOOKED
