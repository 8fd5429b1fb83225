"""Pulls that were killed, or left something behind, while people went on working: the second run is right."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import pytest

from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import REQUESTS, assert_same, pull
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored, result
from workbench_labelstudio.http import connection, listing
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.pull import snapshot


class Killed(BaseException):
    """As SIGKILL, nothing tidies up after it."""


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(connection, "LONGEST_WAIT", 0.02)
    monkeypatch.setitem(listing.list_tasks.__kwdefaults__, "page", 4)


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


@pytest.fixture
def project(label_studio):
    """Ten tasks, each labelled."""
    project = label_studio.project(CONFIG)
    with label_studio.http() as http:
        for task in add_tasks(http, project, [f"text {number}" for number in range(10)]):
            annotate(http, task, "delivery")
    return project


def relabel(server, project, task=0):
    """Change what a task says, which no count shows."""
    with server.http() as http:
        one = sorted(exported(http, project).items())[task][1]["annotations"]
        http.patch(f"/api/annotations/{next(iter(one))}/", json={"result": result("退款")}).raise_for_status()


def test_a_snapshot_of_a_pull_that_was_killed_is_not_taken_for_today(
    label_studio, proxy, project, tmp_path, monkeypatch
):
    pull_killed_at("download", monkeypatch, proxy.url, project, tmp_path)
    relabel(label_studio, project)
    pull(proxy.url, project, tmp_path)
    assert_same(label_studio, project, tmp_path)


def test_a_snapshot_that_could_not_be_deleted_is_not_read_again(label_studio, proxy, project, tmp_path):
    proxy.harm(answer(502), *REQUESTS["delete"], times=None)
    pulled = pull(proxy.url, project, tmp_path)
    assert any("could not be deleted" in finding for finding in pulled.findings)
    proxy.heal()
    relabel(label_studio, project)
    pull(proxy.url, project, tmp_path, full=True)
    assert_same(label_studio, project, tmp_path)


def test_pages_that_were_read_before_a_kill_are_not_taken_for_today(
    label_studio, proxy, project, tmp_path, monkeypatch
):
    proxy.harm(answer(502), *REQUESTS["snapshot"], times=None)
    pull_killed_at("listing", monkeypatch, proxy.url, project, tmp_path, nth=3)
    assert len(mirrored(tmp_path)) == 4
    relabel(label_studio, project)
    pull(proxy.url, project, tmp_path)
    assert_same(label_studio, project, tmp_path)


def test_a_snapshot_that_a_crash_left_half_made_costs_no_quarter_of_an_hour(
    label_studio, proxy, project, tmp_path, monkeypatch
):
    """The server was killed inside the request: its snapshot says `in_progress` for ever."""
    slept = []
    monkeypatch.setattr(snapshot.time, "sleep", slept.append)
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: sum(slept))
    pull_killed_at("download", monkeypatch, proxy.url, project, tmp_path)
    crash(label_studio, project)
    pull(proxy.url, project, tmp_path)
    assert sum(slept) < 300


def pull_killed_at(kind, monkeypatch, *arguments, nth=1):
    """A pull that is killed when it is about to send its n-th request of a kind."""
    (method, path), left, connect = REQUESTS[kind], [nth], Connection.__init__

    def kill(request):
        left[0] -= request.method == method and bool(re.search(path, request.url.path))
        if not left[0]:
            raise Killed

    def watched(self, *words, **options):
        connect(self, *words, **options)
        self.http.event_hooks["request"].append(kill)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "__init__", watched)
        with pytest.raises(Killed):
            pull(*arguments)


def crash(server, project):
    """Leave the snapshots of a project as a killed server does."""
    with contextlib.closing(sqlite3.connect(server.data / "label_studio.sqlite3")) as database, database:
        database.execute(
            "UPDATE data_export_export SET status = 'in_progress', file = NULL WHERE project_id = ?", (project,)
        )
