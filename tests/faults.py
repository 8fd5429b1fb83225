"""Break a run on purpose: kill it, or let one of its system calls fail, and look at what is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.io.digests import digest_folder
from workbench.serving.open import find_bundle, open_bundle

SCRIPT = Path(__file__).with_name("naive_bayes.py")
CALLS = ("write", "fsync", "rename", "mkdir", "unlink")
FEW = "workbench_quickstart,workbench_clean,workbench_onnx,workbench_gate"


@dataclass(frozen=True)
class Breakable:
    """A recipe that is run, and broken, in processes of its own.

    Args:
        recipe: the file.
        program: what runs it; by default the command line with naive Bayes.
        plugins: those to load; None for all.
    """

    recipe: Path
    program: tuple[str, ...] = ("-P", str(SCRIPT))
    plugins: str | None = FEW

    def command(self, run: Path) -> list[str]:
        return [sys.executable, *self.program, "run", str(self.recipe), "-o", str(run), "--json"]

    def environment(self) -> dict[str, str]:
        """No byte code is written beside the sources."""
        more = {"WORKBENCH_PLUGINS": self.plugins} if self.plugins is not None else {}
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **more}

    def finish(self, run: Path) -> dict:
        """Run to the end and give what `--json` printed."""
        done = subprocess.run(self.command(run), capture_output=True, text=True, env=self.environment())
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def digests(self, run: Path) -> dict[str, str]:
        """Stage -> digest of an uninterrupted run."""
        return {stage["name"]: stage["digest"] for stage in self.finish(run)["stages"]}

    def count_calls(self, run: Path, calls: tuple[str, ...] = CALLS) -> dict[str, int]:
        """How many of each system call an uninterrupted run makes."""
        log = run.with_suffix(".strace")
        traced = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(calls)}", *self.command(run)]
        subprocess.run(traced, check=True, capture_output=True, env=self.environment())
        found = re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.M)
        return {name: found.count(name) for name in calls}

    def fail(self, run: Path, call: str, nth: int, how: str) -> int:
        """A run whose n-th `call` fails with an error such as ENOSPC, or ends it by `kill`; its exit code."""
        harm = "signal=SIGKILL" if how == "kill" else f"error={how}"
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:{harm}:when={nth}"]
        traced = ["strace", "-f", "-qq", "-o", os.devnull, *inject, *self.command(run)]
        return subprocess.run(traced, capture_output=True, env=self.environment()).returncode

    def kill(self, run: Path, stage: str, after: float = 0.0) -> bool:
        """Kill a run some seconds after it says that it works on `stage`; whether it came to that."""
        with subprocess.Popen(
            self.command(run), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=self.environment()
        ) as process:
            for line in process.stderr:
                if line.strip() == f"{stage} …":
                    time.sleep(after)
                    os.kill(process.pid, signal.SIGKILL)
                    return True
        return False

    def recover(self, run: Path, wanted: dict[str, str]) -> int:
        """After a fault: nothing half-written, no finished stage twice, the digests of an uninterrupted run.

        Returns:
            how many stages were done before the fault.
        """
        done = check_remains(run, wanted) if (run / "stages").is_dir() else set()
        outcome = self.finish(run)
        assert {stage["name"]: stage["digest"] for stage in outcome["stages"]} == wanted
        worked = {stage["name"] for stage in outcome["stages"] if stage["status"] != "cached"}
        assert not worked & done, f"worked twice: {worked & done}"
        assert not list((run / "stages").glob(".*"))
        assert open_bundle(run).predict(["where is my parcel"])[0].intents
        return len(done)


def check_remains(run: Path, wanted: dict[str, str]) -> set[str]:
    """Everything published is whole and right, and a bundle opens or is refused in words; the names of what is done."""
    done = set()
    for folder in (run / "stages").glob("[!.]*"):
        about = json.loads((folder / "stage.json").read_text())
        assert digest_folder(folder / "out") == about["digest"] == wanted[about["name"]]
        done.add(about["name"])
    with contextlib.suppress(WorkbenchError):
        open_bundle(find_bundle(run))
    return done
