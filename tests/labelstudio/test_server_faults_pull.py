"""Pulling a project while requests fail and people work on it: the second run is right."""

from __future__ import annotations

import random
import threading

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import Held, answer, cases
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import REQUESTS, assert_same, filled, pull, try_pull
from tests.labelstudio.rig import add_tasks, annotate, exported, mirrored, result, sign_up
from workbench_labelstudio.http import connection as module

named = pytest.mark.parametrize


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    """Pauses are shortened, for the tests' sake."""
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.02)


@pytest.fixture(scope="module")
def labelled(label_studio):
    """A project that is only read: labelled, skipped and untouched tasks."""
    return filled(label_studio)


@named(("kind", "fault"), cases(REQUESTS))
def test_a_fault_of_the_first_pull_costs_one_more_run_at_most(label_studio, proxy, labelled, tmp_path, kind, fault):
    rule = proxy.harm(fault, *REQUESTS[kind])
    if kind == "listing":  # which is asked for where there is no snapshot
        proxy.harm(answer(502), *REQUESTS["snapshot"], times=None)
    try_pull(proxy.url, labelled, tmp_path)
    assert rule.times == 0
    proxy.heal()
    pull(proxy.url, labelled, tmp_path)
    assert_same(label_studio, labelled, tmp_path)


@named("kind", REQUESTS)
def test_a_request_that_always_fails_is_one_line_and_leaves_nothing_wrong(
    label_studio, proxy, labelled, tmp_path, kind
):
    proxy.harm(answer(502), *REQUESTS[kind], times=None)
    said = try_pull(proxy.url, labelled, tmp_path)
    assert said is None or "\n" not in said
    proxy.heal()
    pull(proxy.url, labelled, tmp_path)
    assert_same(label_studio, labelled, tmp_path)


@named(("kind", "fault"), cases({kind: REQUESTS[kind] for kind in ("project", "listing")}))
def test_a_fault_of_a_later_pull_costs_one_more_run_at_most(label_studio, proxy, tmp_path, kind, fault):
    project = filled(label_studio, 10)
    pull(proxy.url, project, tmp_path)
    with label_studio.http() as http:
        tasks = sorted(exported(http, project))
        annotate(http, tasks[-1], "退款")
        http.delete(f"/api/tasks/{tasks[0]}").raise_for_status()
    rule = proxy.harm(fault, *REQUESTS[kind])
    try_pull(proxy.url, project, tmp_path)
    assert rule.times == 0
    proxy.heal()
    pull(proxy.url, project, tmp_path)
    assert_same(label_studio, project, tmp_path)


def test_a_project_that_is_deleted_while_it_is_pulled_is_named(label_studio, proxy, tmp_path):
    project = filled(label_studio, 10)
    held = Held()
    proxy.harm(held, *REQUESTS["snapshot"])
    said = []
    thread = threading.Thread(target=lambda: said.append(try_pull(proxy.url, project, tmp_path)))
    thread.start()
    assert held.begun.wait(10)
    with label_studio.http() as http:
        http.delete(f"/api/projects/{project}").raise_for_status()
    held.go.set()
    thread.join(30)
    assert "the project was deleted" in said[0]
    assert f"/projects/{project}" in said[0]


def test_a_deleted_project_leaves_what_was_pulled(label_studio, proxy, tmp_path):
    project = filled(label_studio, 10)
    pull(proxy.url, project, tmp_path)
    before = mirrored(tmp_path)
    with label_studio.http() as http:
        http.delete(f"/api/projects/{project}").raise_for_status()
    assert "deleted" in try_pull(proxy.url, project, tmp_path)
    assert mirrored(tmp_path) == before


def test_a_renamed_project_stays_the_same(label_studio, proxy, tmp_path):
    project = filled(label_studio, 10)
    pull(proxy.url, project, tmp_path)
    with label_studio.http() as http:
        http.patch(f"/api/projects/{project}", json={"title": "另一个 name"}).raise_for_status()
        annotate(http, max(exported(http, project)), "退款")
    pulled = pull(proxy.url, project, tmp_path)
    assert (pulled.added, pulled.changed, pulled.removed) == (0, 1, 0)
    assert_same(label_studio, project, tmp_path)


def test_a_token_that_is_reset_while_it_is_used_is_one_line(label_studio, proxy, tmp_path):
    project, token = filled(label_studio, 10), sign_up(label_studio, "reset-in-pull")
    held = Held()
    proxy.harm(held, *REQUESTS["listing"])
    proxy.harm(answer(502), *REQUESTS["snapshot"], times=None)
    said = []
    thread = threading.Thread(target=lambda: said.append(try_pull(proxy.url, project, tmp_path, token)))
    thread.start()
    assert held.begun.wait(10)
    with label_studio.http(token) as http:
        http.post("/api/current-user/reset-token/").raise_for_status()
    held.go.set()
    thread.join(30)
    assert "does not accept the token" in said[0]
    assert token not in said[0]
    proxy.heal()
    pull(proxy.url, project, tmp_path)
    assert_same(label_studio, project, tmp_path)


def test_people_who_work_meanwhile_are_caught_up_with(label_studio, proxy, tmp_path):
    """Two annotators label, change, skip, delete and add tasks while pulls run, then the server's export is pulled."""
    project, tokens = filled(label_studio, 40), (TOKEN, label_studio.second)
    over = threading.Event()
    people = [threading.Thread(target=work, args=(label_studio, project, tokens[n], n, over)) for n in range(2)]
    for one in people:
        one.start()
    outcomes = [try_pull(proxy.url, project, tmp_path) for _ in range(5)]
    over.set()
    for one in people:
        one.join(60)
    pull(proxy.url, project, tmp_path)
    assert_same(label_studio, project, tmp_path)
    assert sum(outcome is None for outcome in outcomes) >= 3, outcomes


def work(server, project, token, seed, over):
    """What an annotator does all day."""
    draw = random.Random(seed)
    with server.http(token) as http:
        while not over.is_set():
            tasks = http.get("/api/tasks", params={"project": project, "page_size": 100}).json()["tasks"]
            task = draw.choice(tasks)["id"]
            match draw.choice(("label", "label", "change", "skip", "add", "delete", "undo")):
                case "label":
                    http.post(f"/api/tasks/{task}/annotations/", json={"result": result("退款")})
                case "skip":
                    http.post(f"/api/tasks/{task}/annotations/", json={"result": [], "was_cancelled": True})
                case "add":
                    add_tasks(http, project, [f"new {draw.random()}"])
                case "delete" if len(tasks) > 20:
                    http.delete(f"/api/tasks/{task}")
                case action:
                    made = http.get(f"/api/tasks/{task}/annotations/").json()
                    one = draw.choice(made)["id"] if made and isinstance(made, list) else None
                    if one and action == "change":
                        http.patch(f"/api/annotations/{one}/", json={"result": result("delivery")})
                    elif one:
                        http.delete(f"/api/annotations/{one}/")
