"""A `workbench labelstudio watch` from its start to its end: whose token, which recipe, which folder, which signal."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import passed
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.watching import PATIENCE, Watched
from workbench.io.lock import locked

OFTEN = ("--debounce", "0.2", "--poll", "1")
OTHER = "a" * 40  # a token for another server


@pytest.fixture
def watched(label_studio, tmp_path):
    return Watched(label_studio, tmp_path, labelled=12, unlabelled=3)


@pytest.fixture
def proxy(watched):
    with Proxy(watched.server.url) as proxy:
        yield proxy


@pytest.mark.parametrize(("url", "named"), [("http://127.0.0.1:9", True), ("", False)], ids=["chosen", "connected"])
def test_the_run_gets_the_token_of_the_server_that_is_watched(watched, proxy, url, named):
    stored = watched.folder / "config" / "intent-workbench" / "labelstudio.json"
    stored.parent.mkdir(parents=True)
    stored.touch(0o600)
    stored.write_text(json.dumps({"tokens": {proxy.url: TOKEN}, "last": proxy.url}))
    told = set()

    def spied(exchange):
        told.add(exchange.handler.headers["Authorization"])
        passed(exchange)

    proxy.harm(spied, times=None)
    options = ("--url", proxy.url) if named else ()
    done = watched.once(*options, LABEL_STUDIO_URL=url, LABEL_STUDIO_API_KEY=OTHER)
    assert done.returncode == 0, done.stderr
    assert '"state": "succeeded"' in done.stdout
    assert told == {f"Token {TOKEN}"}


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_order(watched, how, code):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # this may run under nohup
    try:
        watching = watched.watching("--debounce", "0")
        with watching as watch:
            watch.wait_until(watch.running)
            assert watch.stop(how) == code
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "Traceback" not in watch.errors
    with locked(watched.run):  # the run has ended, too
        pass


def test_signals_while_it_ends_cut_nothing_short(watched):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"  # the run takes its time to end
    (watched.folder / "site" / "sitecustomize.py").write_text(deaf)
    with watched.watching("--debounce", "0") as watch:
        watch.wait_until(watched.run.with_name("live.log").is_file)
        for how in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            watch.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                watch.process.wait(0.1)
        assert watch.process.wait(PATIENCE) == 130
    assert "Traceback" not in watch.errors
    with locked(watched.run):  # the run has ended, too
        pass


def test_a_second_watch_of_a_run_is_told_so_and_disturbs_nothing(watched):
    with watched.watching("--debounce", "60") as watch:
        watch.wait_for("watching")
        second = watched.once()
        assert second.returncode == 1
        told = f"{watched.run}: is in use by process {watch.process.pid} on "
        assert told in second.stderr.splitlines()[-1]
        assert "End that watch, or give another -o" in second.stderr.splitlines()[-1]


def test_a_recipe_that_changes_makes_a_run_between_two_looks_and_two_starts(watched):
    first = watched.recipe.read_text(encoding="utf-8")

    def seed():
        return json.loads((watched.run / "run.json").read_text(encoding="utf-8"))["recipe"]["seed"]

    with watched.watching(*OFTEN) as watch:
        watch.wait_for("training", state="succeeded")
        watched.recipe.write_text(first.replace("seed = 5", "seed = 6"), encoding="utf-8")
        watch.wait_for("training", 2, state="succeeded")
        assert seed() == 6
    assert '"event": "training"' not in watched.once().stdout
    watched.recipe.write_text(first, encoding="utf-8")
    assert '"event": "training"' in watched.once().stdout
    assert seed() == 5


def test_a_run_in_this_very_folder_is_watched(watched):
    watched.run.mkdir(parents=True)
    command = watched.command("--once", "-o", ".")
    done = subprocess.run(
        command, cwd=watched.run, env=watched.environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert watched.run.with_name("live.log").is_file()
    assert len(watched.rows()) == 12


def test_a_recipe_of_another_project_and_another_local_copy_are_pointed_out(watched):
    other = watched.server.project("<View/>")
    text = watched.recipe.read_text(encoding="utf-8").replace(f'source = "{watched.project}"', f'source = "{other}"')
    watched.recipe.write_text(text, encoding="utf-8")
    with watched.watching("--debounce", "60", "--mirror", watched.folder / "mirror") as watch:
        watch.wait_for("watching")
        project, mirror = (one["message"] for one in watch.seen("warning"))
    assert f"imports {other}, and not project {watched.project} (" in project
    assert f"keeps its local copy at the usual place, not at {watched.folder / 'mirror'}" in mirror


def test_without_a_place_for_hints_a_watch_goes_on_by_its_polls(watched):
    place = watched.folder / "data" / "intent-workbench" / "labelstudio" / "hints"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    with watched.watching(*OFTEN) as watch:
        watch.wait_for("training", state="succeeded")
        text = watched.label()
        watch.wait_for("training", 2, state="succeeded")
        assert text in watched.rows()
        (warning,) = watch.seen("warning")
        assert "polls go on" in warning["message"]
    assert watch.process.returncode == 0
