"""Peak memory of a process that opens a model and predicts texts: `python -m workbench_compress.lab.memory`.

It reads `{"model": FOLDER, "texts": [...]}` from stdin and prints bytes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.api import Model, WorkbenchError, build_host

STATUS = Path("/proc/self/status")


def peak_of(model: Model, texts: Sequence[str]) -> int:
    """Bytes that a new process holds at most while it predicts the texts one by one.

    Raises:
        WorkbenchError: it failed.
    """
    question = json.dumps({"model": str(model.path), "texts": list(texts)})
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=question,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WorkbenchError(f"a process that serves it failed: {lines[-1]}", where=model.path)
    return int(done.stdout)


def peak() -> int:
    """Bytes that this process held at most.

    `VmHWM` where there is one: `ru_maxrss` of a new process starts from what its parent held.
    """
    if STATUS.is_file():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """Predict the texts of stdin, and print the peak."""
    question = json.load(sys.stdin)
    predictor = build_host().open_predictor(Model.load(Path(question["model"])))
    for text in question["texts"]:
        predictor.logits([text])
    sys.stdout.write(f"{peak()}\n")


if __name__ == "__main__":
    main()
