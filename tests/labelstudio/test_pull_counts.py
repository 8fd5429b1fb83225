"""Pulling while the project changes: counts that differ, and labels that drift."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import dataclasses
import re

from tests.labelstudio.pulls import GIVEN, TEXTS, assert_same, brought, command, project, pull, sent
from tests.labelstudio.rig import CONFIG, annotate, exported
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.pull import pull as module


def test_people_who_work_faster_than_it_can_be_read_are_named(label_studio, project, pull, monkeypatch):
    """Somebody labels whenever the counts are asked for."""
    with label_studio.http() as http, monkeypatch.context() as patch:
        (task, *_) = exported(http, project)
        connect = Connection.__init__

        def work(request):
            if re.search(rf"/api/projects/{project}/?$", request.url.path):
                annotate(http, task, "退款")

        def watched(self, *words, **options):
            connect(self, *words, **options)
            self.http.event_hooks["request"].append(work)

        patch.setattr(Connection, "__init__", watched)
        said = pull(project)
    assert any("people worked on it meanwhile" in finding for finding in said["findings"])
    again = pull(project)
    assert not any("meanwhile" in finding for finding in again["findings"])
    assert again["how"] == "changes"
    assert_same(label_studio, project, again["mirror"])


def test_counts_that_stay_others_than_what_is_sent_are_an_error(project, command, monkeypatch):
    read = module.read_project

    def one_more(connection, number):
        found = read(connection, number)
        return dataclasses.replace(found, tasks=found.tasks + 1)

    monkeypatch.setattr(module, "read_project", one_more)
    done = command(project)
    assert done.exit_code != 0
    assert "the server counts 7 tasks, 4 annotations and 1 skips, but sends 6, 4 and 1" in done.output


def test_labels_that_drift_are_named(label_studio, project, pull):
    assert pull(project)["findings"] == []
    with label_studio.http() as http:
        config = CONFIG.replace('"退款"', '"退货"')
        http.patch(f"/api/projects/{project}", json={"label_config": config}).raise_for_status()
    removed, added, used, unused = pull(project)["findings"]
    assert removed == "intent: removed since the last pull: '退款'"
    assert added == "intent: added since the last pull: '退货'"
    assert "not in the label config: '退款' (2 annotations)" in used
    assert "never used, 1 of 2 labels: '退货'" in unused
    assert pull(project)["findings"] == [used, unused]  # until somebody mends it
