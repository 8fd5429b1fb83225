"""SIGKILL in every stage of the real chain, then again: no finished stage twice, the digests of an uninterrupted run.

    python -m tests.benchmarks.kills

The chain is the embedded dataset with MiniLM: baselines, fine-tune for two epochs, ONNX, int8, gate. The fine-tune is
killed at several moments, also between two of its checkpoints.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.records import Records
from tests.faults import Breakable

MOMENTS = {"train": (0.0, 8.0, 15.0, 22.0, 30.0)}  # seconds into a stage; at its start for all others


def main() -> None:
    records = Records("kills")
    with tempfile.TemporaryDirectory() as place:
        recipe = Path(place) / "recipe.toml"
        subprocess.run([sys.executable, "-m", "workbench", "init", "-o", str(recipe)], check=True)
        recipe.write_text(recipe.read_text().replace("# epochs = 5", "epochs = 2"))
        chain = Breakable(recipe, program=("-m", "workbench"), plugins=None)
        wanted = chain.digests(Path(place) / "whole")
        for stage in wanted:
            for after in MOMENTS.get(stage, (0.0,)):
                run = Path(place) / f"{stage}-{after:g}/run"  # beside no other, which would give it stages
                records.measure(f"{stage} after {after:g} s", lambda: one(chain, wanted, run, stage, after))  # noqa: B023


def one(chain: Breakable, wanted: dict[str, str], run: Path, stage: str, after: float) -> dict:
    """Kill in one stage and recover."""
    killed = chain.kill(run, stage, after)
    return {"killed": killed, "stages kept": chain.recover(run, wanted), "same digests": True}


if __name__ == "__main__":
    main()
