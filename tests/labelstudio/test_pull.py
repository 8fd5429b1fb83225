"""Pulling a project of a real server, as a user does it: whatever happened there arrives."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.labelstudio.harm import Held, answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import pull as pull_into
from tests.labelstudio.pulls import GIVEN, TEXTS, assert_same, brought, command, project, pull, sent
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, result, snapshots
from workbench_labelstudio.http import listing
from workbench_labelstudio.pull.mirror import Mirror


def test_the_first_pull_reads_a_snapshot_and_the_next_one_what_changed(label_studio, project, pull, sent, tmp_path):
    first = pull(project)
    assert brought(first) == {"added": 6, "changed": 0, "removed": 0, "unchanged": 0}
    assert (first["how"], first["tasks"], first["annotations"], first["skips"]) == ("snapshot", 6, 4, 1)
    mirror = tmp_path / "data/intent-workbench/labelstudio" / f"127.0.0.1-{label_studio.port}" / str(project)
    assert first["mirror"] == str(mirror)
    assert mirror.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in mirror.glob("*.json")] == []
    with label_studio.http() as http:
        assert snapshots(http, project) == []
    sent.clear()
    second = pull(project)
    assert (second["how"], brought(second)) == ("changes", {"added": 0, "changed": 0, "removed": 0, "unchanged": 6})
    assert {request.method for request in sent} == {"GET"}
    assert len(sent) <= 5
    assert second["requests"] <= len(sent)
    assert_same(label_studio, project, mirror)


def first_annotation(http, task):
    return http.get(f"/api/tasks/{task}/").json()["annotations"][0]["id"]


def edit(http, project, tasks):
    body = {"result": result("退款")}
    http.patch(f"/api/annotations/{first_annotation(http, tasks[0])}/", json=body).raise_for_status()


def withdraw(http, project, tasks):
    http.delete(f"/api/annotations/{first_annotation(http, tasks[0])}/").raise_for_status()


def bulk(http, project, tasks):
    body = {"selectedItems": {"all": False, "included": tasks[:2]}}
    params = {"id": "delete_tasks_annotations", "project": project}
    http.post("/api/dm/actions", params=params, json=body).raise_for_status()


def bulk_tasks(http, project, tasks):
    body = {"selectedItems": {"all": True, "excluded": tasks[:2]}}
    http.post("/api/dm/actions", params={"id": "delete_tasks", "project": project}, json=body).raise_for_status()


def replace(http, project, tasks):
    """A task goes and another comes: the number stays."""
    http.delete(f"/api/tasks/{tasks[0]}/").raise_for_status()
    annotate(http, add_tasks(http, project, ["another text"])[0], "delivery")


def rewrite(http, project, tasks):
    http.patch(f"/api/tasks/{tasks[0]}/", json={"data": {"text": "改了"}}).raise_for_status()


EVENTS = {
    "a new annotation": (lambda http, project, tasks: annotate(http, tasks[5], "delivery"), (0, 1, 0, 5)),
    "a second annotation": (lambda http, project, tasks: annotate(http, tasks[0], "退款"), (0, 1, 0, 5)),
    "a skip": (lambda http, project, tasks: annotate(http, tasks[5], None), (0, 1, 0, 5)),
    "an edited annotation": (edit, (0, 1, 0, 5)),
    "a deleted annotation": (withdraw, (0, 1, 0, 5)),
    "annotations deleted in bulk": (bulk, (0, 2, 0, 4)),
    "a deleted task": (lambda http, project, tasks: http.delete(f"/api/tasks/{tasks[2]}/"), (0, 0, 1, 5)),
    "tasks deleted in bulk": (bulk_tasks, (0, 0, 4, 2)),
    "new tasks": (lambda http, project, tasks: add_tasks(http, project, ["new", "新的"]), (2, 0, 0, 6)),
    "a task for another": (replace, (1, 0, 1, 5)),
    "an edited task": (rewrite, (0, 1, 0, 5)),
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_happens_on_the_server_arrives(label_studio, project, pull, event):
    happen, expected = EVENTS[event]
    mirror = pull(project)["mirror"]
    with label_studio.http() as http:
        happen(http, project, sorted(exported(http, project)))
    said = pull(project)
    assert tuple(brought(said).values()) == expected
    assert said["how"] == "changes"
    assert_same(label_studio, project, mirror)


def test_the_dataset_is_what_the_reader_of_files_makes_of_the_servers_export(
    label_studio, project, pull, command, workbench_cli, tmp_path
):
    division = ("--split", "train=0.5,dev=0.25,test=0.25", "--rare", "train")
    said = pull(project, "-o", tmp_path / "pulled", *division)
    assert (said["rows"], said["intents"]) == (4, ["delivery", "退款"])
    file = tmp_path / "export.json"
    with label_studio.http() as http:
        file.write_bytes(http.get(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true").content)
    words = ("import", file, "--reader", "labelstudio-export", "-o", tmp_path / "read", *division)
    done = workbench_cli(*words)
    assert done.exit_code == 0, done.output
    assert same_files(tmp_path / "pulled", tmp_path / "read")
    refused = command(project, "-o", tmp_path / "pulled")
    assert refused.exit_code != 0
    assert "exists" in refused.output


def same_files(one, other):
    """Rows and what annotators said, byte for byte."""

    def contents(folder):
        record = {path.name: path.read_bytes() for path in folder.glob("labelstudio/*/*.jsonl")}
        return {"utterances.jsonl": (folder / "utterances.jsonl").read_bytes(), **record}

    assert len(contents(one)) == 3
    return contents(one) == contents(other)


def test_rows_keep_their_split_whatever_comes(label_studio, project, pull, tmp_path):
    def splits(folder):
        rows = map(json.loads, (folder / "utterances.jsonl").read_text().split("\n")[:-1])
        return {row["id"]: row["split"] for row in rows}

    words = ("--split", "train=0.5,test=0.5", "--rare", "train")
    pull(project, "-o", tmp_path / "monday", *words)
    with label_studio.http() as http:
        for task in add_tasks(http, project, [f"later {number}" for number in range(10)]):
            annotate(http, task, "delivery")
    pull(project, "-o", tmp_path / "tuesday", *words)
    monday, tuesday = splits(tmp_path / "monday"), splits(tmp_path / "tuesday")
    assert len(tuesday) == 14
    assert monday.items() <= tuesday.items()


def test_a_server_without_snapshots_is_read_page_by_page(label_studio, project, pull, monkeypatch):
    monkeypatch.setitem(listing.list_tasks.__kwdefaults__, "page", 4)
    with Proxy(label_studio.url) as proxy:
        proxy.harm(answer(403), "POST", "/exports/", times=None)
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        said = pull(project)
    assert (said["how"], said["added"]) == ("pages", 6)
    assert any("page by page" in finding for finding in said["findings"])
    assert_same(label_studio, project, said["mirror"])


def test_full_finds_what_no_time_and_no_count_shows(label_studio, project, pull):
    folder = Path(pull(project)["mirror"])
    mirror = Mirror(folder)
    (task, *_) = mirror.tasks()
    mirror.put([{**task, "meta": {"damaged": True}}])
    mirror.close()
    assert brought(pull(project))["changed"] == 0
    said = pull(project, "--full")
    assert (said["how"], said["changed"]) == ("snapshot", 1)
    assert_same(label_studio, project, folder)


def test_of_two_pulls_at_once_one_waits_and_finds_all_done(label_studio, project, tmp_path, monkeypatch):
    monkeypatch.setattr(Mirror.held.__wrapped__, "__defaults__", (60.0,))
    held, done = Held(), []
    with Proxy(label_studio.url) as proxy:
        proxy.harm(held, "POST", "/exports/")
        threads = [
            threading.Thread(target=lambda: done.append(pull_into(proxy.url, project, tmp_path))) for _ in range(2)
        ]
        threads[0].start()
        assert held.begun.wait(20)
        threads[1].start()
        threads[1].join(0.5)
        assert threads[1].is_alive()
        held.go.set()
        for thread in threads:
            thread.join(60)
    assert [(pulled.how, pulled.added) for pulled in done] == [("snapshot", 6), ("changes", 0)]
    assert_same(label_studio, project, tmp_path)


def test_a_pull_that_goes_on_too_long_is_named(project, command, tmp_path, monkeypatch):
    monkeypatch.setattr(Mirror.held.__wrapped__, "__defaults__", (0.1,))
    mirror = Mirror(tmp_path)
    with mirror.held():
        done = command(project, "--mirror", tmp_path)
    assert done.exit_code != 0
    assert str(tmp_path) in done.output
    assert "Wait for it to end" in done.output


def test_a_mirror_of_another_project_is_refused(label_studio, project, pull, command, tmp_path):
    pull(project, "--mirror", tmp_path / "mirror")
    other = label_studio.project(CONFIG)
    done = command(other, "--mirror", tmp_path / "mirror")
    assert done.exit_code != 0
    assert f"is of project {project}, made at " in done.output
    assert f", not of project {other}, made at " in done.output
    assert_same(label_studio, project, tmp_path / "mirror")


def test_a_project_without_tasks(label_studio, pull, command, tmp_path):
    project = label_studio.project(CONFIG)
    said = pull(project)
    assert (said["tasks"], said["added"]) == (0, 0)
    done = command(project, "-o", tmp_path / "dataset")
    assert done.exit_code != 0
    assert not (tmp_path / "dataset").exists()
