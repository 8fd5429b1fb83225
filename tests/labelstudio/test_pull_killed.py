"""A pull that gets SIGKILL at some request: the next one ends right, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import Held, answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored, snapshots
from workbench_labelstudio.http import listing

MOMENTS = {
    "the snapshot is asked for": ("POST", r"/exports/", 0),
    "the snapshot is looked for": ("GET", r"/exports/$", 0),
    "the snapshot is downloaded": ("GET", r"/download", 0),
    "the counts are compared": ("GET", r"/api/projects/\d+$", 2),
    "the snapshot is deleted": ("DELETE", r"/exports/", 0),
}
PAGES = {
    "the tasks are listed": ("GET", r"/api/tasks", 0),
    "the last page is read": ("GET", r"/api/tasks", 3),
    "the counts are compared": ("GET", r"/api/projects/\d+$", 2),
}
SMALL_PAGES = f"import {listing.__name__} as it; it.list_tasks.__kwdefaults__['page'] = 4; "
RUN = "from workbench.cli.root import main; main()"


@pytest.fixture
def project(label_studio):
    """Ten tasks: labelled, skipped, untouched."""
    project = label_studio.project(CONFIG)
    with label_studio.http() as http:
        tasks = add_tasks(http, project, [f"第 {number} 个" for number in range(10)])
        for task, intent in zip(tasks, ("delivery", "退款", None), strict=False):
            annotate(http, task, intent)
    return project


@pytest.fixture
def start(project, tmp_path):
    """Starts the command in a process of its own."""

    def run(url):
        words = ["labelstudio", "pull", str(project), "--mirror", str(tmp_path), "--url", url]
        environment = {**os.environ, "LABEL_STUDIO_API_KEY": TOKEN}
        command = [sys.executable, "-c", SMALL_PAGES + RUN, *words]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    return run


def check(server, project, folder):
    with server.http() as http:
        assert mirrored(folder) == exported(http, project)
        assert snapshots(http, project) == []
    assert {path.name for path in folder.glob("[!.]*")} <= {"tasks.sqlite3", "tasks.sqlite3-shm", "tasks.sqlite3-wal"}


def kill_at(moment, proxy, start):
    """Kill a pull while the proxy holds the request."""
    method, path, skip = moment
    held = Held()
    proxy.harm(held, method, path, skip=skip)
    killed = start(proxy.url)
    assert held.begun.wait(60), killed.communicate(timeout=1)[1]
    killed.kill()
    killed.communicate()
    held.go.set()


def end(start, proxy):
    done = start(proxy.url)
    _, said = done.communicate(timeout=120)
    assert done.returncode == 0, said
    return said


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_pull_ends_right_when_the_first_was_killed_while(label_studio, project, start, tmp_path, moment):
    with Proxy(label_studio.url) as proxy:
        kill_at(MOMENTS[moment], proxy, start)
        with label_studio.http() as http:
            annotate(http, max(exported(http, project)), "delivery")
        end(start, proxy)
    check(label_studio, project, tmp_path)


@pytest.mark.parametrize("moment", PAGES)
def test_pages_go_on_where_the_first_pull_was_killed_while(label_studio, project, start, tmp_path, moment):
    with Proxy(label_studio.url) as proxy:
        proxy.harm(answer(403), "POST", r"/exports/", times=None)
        kill_at(PAGES[moment], proxy, start)
        have = len(mirrored(tmp_path))
        assert have == {"the tasks are listed": 0, "the last page is read": 8}.get(moment, 10)
        read = proxy.seen("GET", r"/api/tasks")
        end(start, proxy)
        assert proxy.seen("GET", r"/api/tasks") - read <= 3 - have // 4 + 2  # and two lists of all tasks
    check(label_studio, project, tmp_path)
