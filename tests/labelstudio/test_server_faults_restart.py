"""Pulling from a real server that is killed and started again, and from one whose clock is wrong, or ours is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.label_studio import LabelStudioServer
from tests.labelstudio.clock import needs_compiler, shifted
from tests.labelstudio.harm import Held, answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import REQUESTS, assert_same, pull, try_pull
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored, result, sign_up
from workbench_labelstudio.http import connection, listing

DAY = 86_400
named = pytest.mark.parametrize


@pytest.fixture(scope="module")
def mortal(label_studio, tmp_path_factory):
    """A server of this module's own, which may be killed; skipped where there is none."""
    server = LabelStudioServer(tmp_path_factory.mktemp("mortal") / "data").start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def project(mortal):
    project = mortal.project(CONFIG)
    with mortal.http() as http:
        for task in add_tasks(http, project, [f"text {number}" for number in range(10)])[::2]:
            annotate(http, task, "delivery")
    return project


def test_a_server_that_is_killed_in_mid_page_and_comes_back(mortal, project, tmp_path, monkeypatch):
    """The same pull goes on once it is up again; one that gives up before is gone on with."""
    monkeypatch.setitem(listing.list_tasks.__kwdefaults__, "page", 4)
    monkeypatch.setattr(connection, "LONGEST_WAIT", 0.05)
    with Proxy(mortal.url) as proxy:
        held = Held()
        proxy.harm(answer(502), *REQUESTS["snapshot"], times=None)
        proxy.harm(held, *REQUESTS["listing"], skip=2)
        said = []
        thread = threading.Thread(target=lambda: said.append(try_pull(proxy.url, project, tmp_path)))
        thread.start()
        assert held.begun.wait(20)
        mortal.stop(signal.SIGKILL)
        held.go.set()
        thread.join(60)
        assert "gives no answer: 502" in said[0]
        assert len(mirrored(tmp_path)) == 4
        mortal.start()
        pull(proxy.url, project, tmp_path)
        assert_same(mortal, project, tmp_path)


@needs_compiler
def test_changes_of_a_server_whose_clock_was_set_back_are_seen(mortal, project, tmp_path, monkeypatch):
    """A relabelled task keeps all counts, and is older than what was pulled before."""
    pull(mortal.url, project, tmp_path)
    mortal.stop()
    with monkeypatch.context() as patch:
        for name, value in shifted(tmp_path / "clock", -DAY).items():
            patch.setenv(name, value)
        mortal.start()
    with mortal.http() as http:
        before = exported(http, project)
        one = next(iter(before[min(before)]["annotations"]))
        http.patch(f"/api/annotations/{one}/", json={"result": result("退款")}).raise_for_status()
        after = exported(http, project)
        assert after[min(before)]["updated_at"] < before[min(before)]["updated_at"]
    pull(mortal.url, project, tmp_path)
    assert mirrored(tmp_path) == after


@needs_compiler
@named("seconds", [DAY, -DAY], ids=["ahead", "behind"])
@named("kind", ["legacy", "personal"])
def test_our_clock_may_be_a_day_wrong(label_studio, tmp_path, kind, seconds):
    project = label_studio.project(CONFIG)
    token = sign_up(label_studio, f"{kind}{seconds}")
    with label_studio.http() as http:
        task = add_tasks(http, project, ["where", "哪里"])[0]
        shown = label_studio.personal_token(token) if kind == "personal" else token
        environment = {**os.environ, **shifted(tmp_path / "clock", seconds), "LABEL_STUDIO_API_KEY": shown}
        mirror = tmp_path / "mirror"
        command = [sys.executable, "-m", "workbench", "labelstudio", "pull", str(project), "--url", label_studio.url]
        for _ in range(2):
            done = subprocess.run([*command, "--mirror", str(mirror)], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert mirrored(mirror) == exported(http, project)
            annotate(http, task, "退款")
