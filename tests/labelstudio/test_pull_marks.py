"""What a pull sees although the clocks differ or no time was set, and how it counts what it brought."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import pull as pull_into
from tests.labelstudio.pulls import assert_same, brought, command, project, pull
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, result
from workbench_labelstudio.http import listing
from workbench_labelstudio.pull import pull as module
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.pull.sync_state import OVERLAP, SEEN, mark_of


def dated(ahead):
    """The answers of a server whose proxy has a clock of its own."""

    def fault(exchange):
        status, headers, body = exchange.forward()
        shifted = [
            (name, format_datetime(parsedate_to_datetime(value) + timedelta(seconds=ahead), usegmt=True))
            if name.lower() == "date"
            else (name, value)
            for name, value in headers
        ]
        exchange.send(status, shifted, body)

    return fault


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


def set_time(server, task, moment):
    """As if a transaction that took long had set it."""
    text = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    with contextlib.closing(sqlite3.connect(server.data / "label_studio.sqlite3", timeout=20)) as database, database:
        database.execute("UPDATE task SET updated_at = ? WHERE id = ?", (text, task))


def edit(server, task, mirror, *, before):
    """Edit an annotation so that its task's time lies some seconds before the latest that the mirror has seen."""
    with server.http() as http, contextlib.closing(Mirror(mirror)) as opened:
        latest = datetime.fromisoformat(opened.latest())
        (annotation, *_) = http.get(f"/api/tasks/{task}/annotations/").json()
        http.patch(f"/api/annotations/{annotation['id']}/", json={"result": result("退款")}).raise_for_status()
    set_time(server, task, latest - timedelta(seconds=before))


@pytest.mark.parametrize("ahead", [-300, 0, 300])
def test_what_commits_late_is_seen_whatever_the_clock_of_the_proxy(label_studio, proxy, project, tmp_path, ahead):
    proxy.harm(dated(ahead), times=None)
    pull_into(proxy.url, project, tmp_path)
    with label_studio.http() as http:
        (task, *_) = exported(http, project)
    edit(label_studio, task, tmp_path, before=0.2)
    pulled = pull_into(proxy.url, project, tmp_path)
    assert (pulled.how, pulled.changed) == ("changes", 1)
    assert_same(label_studio, project, tmp_path)


def test_what_was_there_a_minute_ago_is_not_listed_again_and_again(label_studio, proxy, project, tmp_path):
    """Else each pull after a large import would list all of it."""

    def mark():
        pull_into(proxy.url, project, tmp_path)
        with contextlib.closing(Mirror(tmp_path)) as mirror:
            return mark_of(mirror)

    with label_studio.http() as http:
        tasks = exported(http, project)
    hour = datetime.now(UTC) - timedelta(hours=1)
    for task in tasks:
        set_time(label_studio, task, hour)
    assert mark() == mark() == hour - OVERLAP
    with contextlib.closing(Mirror(tmp_path)) as mirror:
        seen, since = mirror.noted(SEEN)
        earlier = datetime.fromisoformat(since) - OVERLAP - timedelta(seconds=2)
        mirror.note(SEEN, (seen, earlier.isoformat()))
    assert mark() == hour
    with label_studio.http() as http:
        annotate(http, max(exported(http, project)), "delivery")
    assert pull_into(proxy.url, project, tmp_path).changed == 1


def test_what_changes_while_pages_are_read_is_seen_whatever_the_clock(
    label_studio, proxy, project, tmp_path, monkeypatch
):
    """The first page is edited after it was read, two minutes of the server's clock before the last was written."""
    monkeypatch.setitem(listing.list_tasks.__kwdefaults__, "page", 4)
    proxy.harm(answer(403), "POST", "/exports/", times=None)
    proxy.harm(dated(300), times=None)
    with label_studio.http() as http:
        tasks = sorted(exported(http, project))
    inner, edits = Mirror.put, []

    def put(self, page):
        changed = inner(self, page)
        if not edits:
            edits.append(changed)
            with label_studio.http() as http:
                (made, *_) = http.get(f"/api/tasks/{tasks[0]}/annotations/").json()
                http.patch(f"/api/annotations/{made['id']}/", json={"result": result("退款")}).raise_for_status()
            set_time(label_studio, tasks[0], datetime.now(UTC) - timedelta(seconds=120))
        return changed

    monkeypatch.setattr(Mirror, "put", put)
    assert pull_into(proxy.url, project, tmp_path).how == "pages"
    assert edits
    assert_same(label_studio, project, tmp_path)


def test_a_task_that_goes_while_all_is_read_is_neither_added_nor_removed(label_studio, project, tmp_path, monkeypatch):
    inner, reads = module.read_project, []

    def reading(connection, number):
        reads.append(number)
        if len(reads) == 2:
            with label_studio.http() as http:
                http.delete(f"/api/tasks/{min(exported(http, project))}/").raise_for_status()
        return inner(connection, number)

    monkeypatch.setattr(module, "read_project", reading)
    pulled = pull_into(label_studio.url, project, tmp_path)
    assert (pulled.added, pulled.changed, pulled.removed, pulled.unchanged) == (5, 0, 0, 0)


def test_data_that_changed_without_a_time_are_seen_where_all_is_compared(label_studio, project, pull):
    """The Data Manager's action for a field of many tasks sets no time."""
    mirror = pull(project)["mirror"]
    with label_studio.http() as http:
        tasks = sorted(exported(http, project))
        hour = datetime.fromisoformat(exported(http, project)[tasks[0]]["updated_at"]) - timedelta(hours=1)
        for task in tasks:
            set_time(label_studio, task, hour)
        pull(project, "--full")
        body = {"selectedItems": {"all": False, "included": tasks[:2]}, "value_name": "text", "value_type": "String"}
        answered = http.post(
            "/api/dm/actions", params={"id": "add_data_field", "project": project}, json=body | {"value": "'other'"}
        )
        assert answered.is_success, answered.text
        changed = exported(http, project)
        assert "other" in changed[tasks[0]]["data"]["text"]
        set_time(label_studio, tasks[0], hour)
        set_time(label_studio, tasks[1], hour)
        http.delete(f"/api/tasks/{tasks[-1]}/").raise_for_status()
    assert brought(pull(project)) == {"added": 0, "changed": 2, "removed": 1, "unchanged": 3}
    assert_same(label_studio, project, mirror)
