"""Every write, rename, fsync, mkdir and unlink of a fast chain fails once, by SIGKILL or a full disk.

    python -m tests.benchmarks.faults [--each K]

`--each K` takes every K-th point. About three seconds a point.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.records import Records
from tests.faults import Breakable
from tests.naive_bayes import RECIPE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1)
    each = parser.parse_args().each
    records = Records("faults")
    with tempfile.TemporaryDirectory() as place:
        chain = Breakable(Path(place) / "recipe.toml")
        chain.recipe.write_text(RECIPE)
        wanted = chain.digests(Path(place) / "whole")
        counts = records.measure("system calls of the chain", lambda: chain.count_calls(Path(place) / "counted"))
        for how in ("kill", "ENOSPC"):
            points = [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)][::each]
            for call, nth in points:
                run = Path(place) / f"{how}-{call}-{nth}/run"  # beside no other, which would give it stages
                records.measure(f"{how} at {call} {nth}", lambda: one(chain, wanted, run, how, call, nth))  # noqa: B023
    done = [value for name, value in records.values.items() if " at " in name]
    print(f"{len(done)} points, {sum(value['value']['recovered'] for value in done)} recovered")


def one(chain: Breakable, wanted: dict[str, str], run: Path, how: str, call: str, nth: int) -> dict:
    """Break one point and recover."""
    code = chain.fail(run, call, nth, how)
    return {"exit": code, "stages kept": chain.recover(run, wanted), "recovered": True}


if __name__ == "__main__":
    main()
