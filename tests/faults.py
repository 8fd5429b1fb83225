"""Break a run on purpose: kill it, or let one of its system calls fail, and look at what is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from workbench.digests import digest_folder
from workbench.errors import WorkbenchError
from workbench.serving import find_bundle, open_bundle

SCRIPT = Path(__file__).with_name("naive_bayes.py")
CALLS = ("write", "fsync", "rename", "mkdir", "unlink")
PLUGINS = "workbench_quickstart,workbench_clean,workbench_onnx,workbench_gate"


def environment() -> dict[str, str]:
    """Only the plugins that the chain needs, and no byte code written beside the sources."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "WORKBENCH_PLUGINS": PLUGINS, "PYTHONHASHSEED": "0"}


def command(recipe: Path, run: Path) -> list[str]:
    return [sys.executable, "-P", str(SCRIPT), "run", str(recipe), "-o", str(run), "--json"]


def finish(recipe: Path, run: Path) -> dict:
    """Run to the end and give what `--json` printed."""
    done = subprocess.run(command(recipe, run), capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def count_calls(recipe: Path, run: Path, calls: tuple[str, ...] = CALLS) -> dict[str, int]:
    """How many of each system call an uninterrupted run makes."""
    log = run.with_suffix(".strace")
    traced = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(calls)}", *command(recipe, run)]
    subprocess.run(traced, check=True, capture_output=True, env=environment())
    found = re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.M)
    return {name: found.count(name) for name in calls}


def broken(recipe: Path, run: Path, call: str, nth: int, how: str) -> int:
    """A run whose n-th `call` fails with ENOSPC or EIO, or gets SIGKILL; its exit code."""
    harm = "signal=SIGKILL" if how == "kill" else f"error={how}"
    traced = [
        "strace",
        "-f",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{harm}:when={nth}",
        *command(recipe, run),
    ]
    return subprocess.run(traced, capture_output=True, env=environment()).returncode


def killed_in(recipe: Path, run: Path, stage: str) -> bool:
    """Kill a run as soon as it says that it works on `stage`; whether it came to that."""
    with subprocess.Popen(
        command(recipe, run), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment()
    ) as process:
        for line in process.stderr:
            if line.strip() == f"{stage} …":
                os.kill(process.pid, signal.SIGKILL)
                return True
    return False


def check_remains(run: Path, wanted: dict[str, str]) -> set[str]:
    """Everything published is whole and right, and a bundle opens or is refused in words; the names of what is done.

    Args:
        run: the run's folder after the fault.
        wanted: stage -> digest of an uninterrupted run.
    """
    done = set()
    for folder in (run / "stages").glob("[!.]*"):
        about = json.loads((folder / "stage.json").read_text())
        assert digest_folder(folder / "out") == about["digest"] == wanted[about["name"]]
        done.add(about["name"])
    with contextlib.suppress(WorkbenchError):
        open_bundle(find_bundle(run))
    return done


def check_recovery(recipe: Path, run: Path, wanted: dict[str, str]) -> int:
    """After a fault: nothing half-written, no finished stage twice, the digests of an uninterrupted run.

    Returns:
        how many stages were done before the fault.
    """
    done = check_remains(run, wanted) if (run / "stages").is_dir() else set()
    outcome = finish(recipe, run)
    assert {stage["name"]: stage["digest"] for stage in outcome["stages"]} == wanted
    worked = {stage["name"] for stage in outcome["stages"] if stage["status"] != "cached"}
    assert not worked & done, f"worked twice: {worked & done}"
    assert not list((run / "stages").glob(".*"))
    assert open_bundle(run).predict(["where is my parcel"])[0].in_scope
    return len(done)
