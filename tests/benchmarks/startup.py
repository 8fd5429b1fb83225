"""What a user waits for: `workbench --help`, opening a bundle, reading a big export.

    python -m tests.benchmarks.startup RUN

RUN is a run folder with a MiniLM bundle, such as the one of `workbench quickstart`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.records import Records, shared, spread
from workbench.engine.run import Run

OPEN = """
import sys, time
from workbench import open_bundle
begun = time.perf_counter()
open_bundle(sys.argv[1]).predict(["hi"])
print(time.perf_counter() - begun)
"""
READ = """
import resource, sys, time
from pathlib import Path
from workbench.api import build_host
from workbench.context import Context
begun = time.perf_counter()
host = build_host()
reader = host.registry("readers")["labelstudio-export"]
data = reader(sys.argv[1], Path(sys.argv[2]), reader.options(control="intent"), Context(host, 13, Path(sys.argv[2])))
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, len(data))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    bundle = Run.load(run).bundle()
    records = Records("startup")
    records.measure(f"bundle {bundle.id}, MB of 10^6 bytes", lambda: bundle.size() / 1e6)
    records.measure(
        "workbench --help, seconds",
        lambda: spread([timed([sys.executable, "-m", "workbench", "--help"]) for _ in range(20)]),
    )
    records.measure(
        "open a bundle and answer one text, seconds", lambda: spread([float(said(OPEN, run)) for _ in range(9)])
    )
    export = shared("data", "label-studio", "banking77.json.gz")
    records.measure("read the export of 10,126 tasks", lambda: reading(export))


def timed(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def said(code: str, *words: object) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], check=True, capture_output=True, text=True
    ).stdout


def reading(export: Path) -> dict:
    """Seconds and peak resident MB (10^6 bytes) of five processes that read the export."""
    runs = [said(READ, export, "x").split() for _ in range(5)]
    return {
        "seconds": spread([float(run[0]) for run in runs]),
        "peak_mb": spread([float(run[1]) for run in runs]),
        "rows": int(runs[0][2]),
    }


if __name__ == "__main__":
    main()
