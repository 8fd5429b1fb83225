"""Every write, rename, fsync, mkdir and unlink of a fast chain fails once, by SIGKILL or a full disk.

    python -m tests.benchmarks.faults [--each K]

`--each K` takes every K-th point. About three seconds a point.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests import faults
from tests.benchmarks.records import Records
from tests.naive_bayes import RECIPE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1)
    each = parser.parse_args().each
    records = Records("faults")
    with tempfile.TemporaryDirectory() as place:
        recipe = Path(place) / "recipe.toml"
        recipe.write_text(RECIPE)
        outcome = faults.finish(recipe, Path(place) / "whole")
        wanted = {stage["name"]: stage["digest"] for stage in outcome["stages"]}
        counts = records.measure(
            "system calls of the chain", lambda: faults.count_calls(recipe, Path(place) / "counted")
        )
        for how in ("kill", "ENOSPC"):
            points = [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)][::each]
            for call, nth in points:
                records.measure(f"{how} at {call} {nth}", lambda: one(recipe, wanted, Path(place), how, call, nth))  # noqa: B023
    done = [value for name, value in records.values.items() if " at " in name]
    records.values.pop("summary", None)
    records.measure(
        "summary", lambda: {"points": len(done), "recovered": sum(value["value"]["recovered"] for value in done)}
    )


def one(recipe: Path, wanted: dict[str, str], place: Path, how: str, call: str, nth: int) -> dict:
    """Break one point and recover."""
    run = place / f"{how}-{call}-{nth}"
    code = faults.broken(recipe, run, call, nth, how)
    kept = faults.check_recovery(recipe, run, wanted)
    return {"exit": code, "stages kept": kept, "recovered": True}


if __name__ == "__main__":
    main()
