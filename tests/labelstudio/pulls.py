"""A project of a real server, and the verb that pulls it, for the tests of pulling."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored
from workbench_labelstudio.http.connection import Connection

TEXTS = ["where is my parcel", "give me my money back", "我的快递到哪\u2028了", "我要退款", 'a "quote"\n', "😀 please"]
GIVEN = ("delivery", "退款", "delivery", "退款", None)  # the last task is not labelled


@pytest.fixture
def project(label_studio):
    """Four labelled tasks, one skipped, one that nobody saw."""
    number = label_studio.project(CONFIG)
    with label_studio.http() as http:
        for task, intent in zip(add_tasks(http, number, TEXTS), GIVEN, strict=False):
            annotate(http, task, intent)
    return number


@pytest.fixture
def command(workbench_cli, label_studio, tmp_path, monkeypatch):
    """Runs `labelstudio pull` with a mirror of its own."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return lambda *words: workbench_cli("labelstudio", "pull", *words)


@pytest.fixture
def pull(command):
    """What a pull that succeeds says as JSON."""

    def run(*words):
        done = command(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


@pytest.fixture
def sent(monkeypatch):
    """The requests that connections send."""
    requests: list[httpx.Request] = []
    connect = Connection.__init__

    def watched(self, *words, **options):
        connect(self, *words, **options)
        self.http.event_hooks["request"].append(requests.append)

    monkeypatch.setattr(Connection, "__init__", watched)
    return requests


def brought(said):
    return {name: said[name] for name in ("added", "changed", "removed", "unchanged")}


def assert_same(server, project, folder):
    with server.http() as http:
        assert mirrored(Path(folder)) == exported(http, project)
