"""A recipe in the background: when it begins, how often, how it ends, and what its status says."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from workbench.api.serving import BackgroundRun, run_command
from workbench.serving.background_run import MAX_POSTPONEMENT
from workbench.serving.process import LOG_BYTES

PATIENCE = 20
NOTE = "import os, sys; open(sys.argv[1], 'a').write('run\\n'); "


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def background(runs):
    """`background("code", debounce=0.1)` is a background run whose command notes each run in `runs`, then does that."""
    made = []

    def make(code="pass", *, debounce=0.05, **more):
        made.append(BackgroundRun([sys.executable, "-c", NOTE + code, str(runs)], debounce=debounce, **more))
        return made[-1]

    yield make
    for job in made:
        job.close()


def count(runs):
    return len(runs.read_text().splitlines()) if runs.exists() else 0


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(job, *states):
    wait_for(lambda: job.status()["state"] in states)
    return job.status()


def test_nothing_runs_unasked(background, runs):
    job = background()
    time.sleep(0.2)
    assert job.status()["state"] == "idle"
    assert count(runs) == 0


def test_the_command_runs_the_recipe(tmp_path):
    command = run_command(tmp_path / "recipe.toml", tmp_path / "run")
    assert command == [
        sys.executable,
        "-m",
        "workbench",
        "run",
        str(tmp_path / "recipe.toml"),
        "-o",
        str(tmp_path / "run"),
        "--drop-old",
    ]


def test_a_burst_becomes_one_run_that_waits_for_quiet(background, runs):
    job = background(debounce=0.4)
    for number in range(8):
        assert job.request(f"label {number}")["state"] == "waiting"
        time.sleep(0.1)
    assert count(runs) == 0
    status = ended(job, "succeeded")
    assert (status["why"], status["exit_code"], count(runs)) == ("label 7", 0, 1)


def test_a_steady_stream_postpones_it_for_a_while_only(background, runs):
    job = background(debounce=0.1)
    begun = time.monotonic()
    while not count(runs):
        job.request("again")
        time.sleep(0.02)
        assert time.monotonic() - begun < MAX_POSTPONEMENT * 0.1 + PATIENCE
    assert time.monotonic() - begun >= MAX_POSTPONEMENT * 0.1


def test_asked_at_once_it_does_not_wait(background, runs):
    job = background(debounce=3600)
    job.request("the button", debounce=0)
    ended(job, "succeeded")
    assert count(runs) == 1


def test_asked_while_it_runs_it_runs_exactly_once_more(background, runs, tmp_path):
    go = tmp_path / "go"
    job = background(f"import time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)")
    job.request("first")
    ended(job, "running")
    for _ in range(5):
        assert job.request("meanwhile")["state"] == "running"
    time.sleep(0.3)
    assert count(runs) == 1
    go.touch()
    wait_for(lambda: count(runs) == 2)
    assert ended(job, "succeeded")["why"] == "meanwhile"
    time.sleep(0.3)
    assert count(runs) == 2


@pytest.mark.parametrize(
    ("code", "state", "message"),
    [
        ("print('Error: disk full', file=sys.stderr); print('a hint'); sys.exit(1)", "failed", "Error: disk full"),
        ("print('no such verb'); sys.exit(2)", "failed", "no such verb"),
        ("print('Error: the gate refuses the bundle', file=sys.stderr); sys.exit(3)", "refused", None),
        (
            "print('Error: torch is not installed. Run: pip install \"intent-workbench[train]\".'); sys.exit(1)",
            "unavailable",
            None,
        ),
        ("os.kill(os.getpid(), 9)", "failed", ""),
        ("print('finished 退款')", "succeeded", "finished 退款"),
    ],
)
def test_the_status_tells_how_it_ended(background, code, state, message):
    codes = []
    job = background(code, ended=codes.append)
    job.request("test")
    status = ended(job, "failed", "refused", "unavailable", "succeeded")
    assert status["state"] == state
    assert message is None or status["message"] == message
    wait_for(lambda: codes == [status["exit_code"]])


def test_a_command_that_is_not_there_is_a_failure(tmp_path):
    job = BackgroundRun([str(tmp_path / "nothing")], debounce=0)
    job.request("test")
    assert str(tmp_path / "nothing") in ended(job, "failed")["message"]
    job.close()


def test_a_callback_that_raises_does_not_stop_the_next_run(background, runs):
    job = background(ended=lambda code: 1 / 0)
    for number in (1, 2):
        job.request("test")
        wait_for(lambda number=number: count(runs) == number)
        ended(job, "succeeded")


def test_a_failed_run_is_tried_again(background, runs):
    job = background("sys.exit(len(open(sys.argv[1]).readlines()) < 3)", retry=0.1)
    job.request("test")
    status = ended(job, "succeeded")
    assert (count(runs), status["why"]) == (3, "test")


def test_a_run_that_the_gate_refuses_is_not_tried_again(background, runs):
    job = background("sys.exit(3)", retry=0.05)
    job.request("test")
    ended(job, "refused")
    time.sleep(0.3)
    assert count(runs) == 1


def test_an_error_after_the_command_is_final(background, runs):
    calls = []

    def swap():
        calls.append(1)
        raise OSError("the disk is full")

    job = background(then=swap, retry=0.05)
    job.request("test")
    assert ended(job, "failed")["message"] == "OSError: the disk is full"
    time.sleep(0.5)
    assert (job.status()["state"], count(runs), len(calls)) == ("failed", 1, 1)
    job.request("again")
    wait_for(lambda: len(calls) == 2)


def test_nothing_begins_while_it_is_held(background, runs):
    job = background(debounce=0)
    with job.paused() as free:
        assert free
        job.request("test")
        time.sleep(0.3)
        assert count(runs) == 0
    ended(job, "succeeded")
    assert count(runs) == 1


def test_a_run_is_seen_by_who_would_hold_it(background):
    job = background("import time; time.sleep(60)")
    job.request("test")
    ended(job, "running")
    with job.paused() as free:
        assert not free


def test_it_runs_with_low_priority(background, tmp_path):
    job = background(f"import time; time.sleep(0.3); open({str(tmp_path / 'nice')!r}, 'w').write(str(os.nice(0)))")
    job.request("test")
    ended(job, "succeeded")
    assert int((tmp_path / "nice").read_text()) == min(19, os.nice(0) + 10)


def test_closing_ends_the_run_and_what_it_started(background, tmp_path):
    pids = tmp_path / "pids"
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
    )
    code = (
        "import subprocess, time; child = subprocess.Popen([sys.executable, '-c', " + repr(child) + "], stdout=-1)\n"
        f"child.stdout.readline(); open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} '); time.sleep(99)"
    )
    codes = []
    job = background(code, ended=codes.append)
    job.request("test")
    wait_for(lambda: pids.exists() and pids.read_text().endswith(" "))
    job.close()
    wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))
    assert job.status()["state"] == "idle"
    assert codes == []
    assert job.request("too late")["state"] == "idle"


def alive(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_run_that_does_not_heed_is_killed(background, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.serving.process.GRACE", 0.2)
    job = background(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
    )
    job.request("test")
    wait_for(lambda: job.status().get("message") == "deaf")
    begun = time.monotonic()
    job.close()
    assert time.monotonic() - begun < PATIENCE


def test_the_log_keeps_what_is_printed_and_stays_small(background, tmp_path):
    log = tmp_path / "run.log"
    job = background(f"[print('x' * 999) for _ in range({3 * LOG_BYTES // 1000})]; print('the last line')", log=log)
    job.request("test")
    assert ended(job, "succeeded")["message"] == "the last line"
    assert log.read_text().endswith("the last line\n")
    assert sum(path.stat().st_size for path in tmp_path.glob("run.log*")) <= 2 * LOG_BYTES


def test_the_status_shows_the_last_line_while_it_runs(background):
    job = background("import time; print('epoch 1', flush=True); time.sleep(99)")
    job.request("test")
    wait_for(lambda: job.status()["message"] == "epoch 1")
    assert job.status()["seconds"] >= 0
