"""Pulls of a project into a folder, beside the command, and the requests that they are made of."""

from __future__ import annotations

from tests.label_studio import TOKEN
from tests.labelstudio.rig import CONFIG, exported, mirrored, result, snapshots
from workbench.errors import WorkbenchError
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import Credentials
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.pull.pull import pull as pull_project

REQUESTS = {
    "project": ("GET", r"/api/projects/\d+/?$"),
    "snapshot": ("POST", "/exports/"),
    "poll": ("GET", r"/exports/?$"),
    "download": ("GET", "/download"),
    "delete": ("DELETE", "/exports/"),
    "listing": ("GET", "/api/tasks"),
}


def filled(server, count=30):
    """A new project whose first half is labelled or skipped."""
    project = server.project(CONFIG)
    body = [{"data": {"text": f"我的快递 {number} where"}} for number in range(count)]
    for number, task in enumerate(body[: count // 2]):
        skipped = number % 3 == 2
        made = {"result": [] if skipped else result("退款"), "was_cancelled": skipped, "ground_truth": False}
        task["annotations"] = [made]
    with server.http() as http:
        http.post(f"/api/projects/{project}/import", json=body).raise_for_status()
    return project


def pull(url, project, folder, token=TOKEN, **more):
    """One pull into a folder, as the command does it."""
    mirror = Mirror(folder)
    try:
        with Connection(Credentials(url, token)) as connection:
            return pull_project(connection, read_project(connection, project), mirror, **more)
    finally:
        mirror.close()


def try_pull(*arguments):
    """A pull that may fail: what it says."""
    try:
        pull(*arguments)
    except WorkbenchError as error:
        return str(error)
    return None


def assert_same(server, project, folder):
    """What was pulled is what the server exports, and no snapshot is left there."""
    with server.http() as http:
        assert mirrored(folder) == exported(http, project)
        assert snapshots(http, project) == []
