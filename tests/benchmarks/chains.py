"""Whole chains on real data, as a user types them; accuracies come from the run, seconds from its stages.

    python -m tests.benchmarks.chains banking77 [--seed 13]
    python -m tests.benchmarks.chains smp2017 --encoder PATH [--seed 13]

The test split is scored once a seed, at the end of the run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.records import Records, shared

RECIPES = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chain", choices=["banking77", "smp2017"])
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--encoder", help="base model; needed for smp2017, whose texts are Chinese")
    parser.add_argument("--keep", type=Path, help="the run's folder; a temporary one by default")
    asked = parser.parse_args()
    if asked.chain == "smp2017" and not asked.encoder:
        parser.error("smp2017 needs --encoder PATH of one that knows Chinese")
    shared("data")
    Records("chains").measure(f"{asked.chain} seed {asked.seed}", lambda: run(asked))


def run(asked: argparse.Namespace) -> dict:
    """Run a recipe; its figures by subject and split, and its stages' seconds."""
    with tempfile.TemporaryDirectory() as place:
        out = asked.keep or Path(place) / "run"
        command = [
            sys.executable,
            "-m",
            "workbench",
            "run",
            str(RECIPES / f"{asked.chain}.toml"),
            "-o",
            str(out),
            "--json",
            f"--seed={asked.seed}",
            *([f"--train.encoder={asked.encoder}"] if asked.encoder else []),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        outcome = json.loads(done.stdout)
        data = json.loads((next(out.glob("stages/import-*")) / "out/dataset.json").read_text())
        return {
            "exit": done.returncode,
            "accepted": outcome["accepted"],
            "counts": data["counts"],
            "accuracy": {f"{r['subject']} {r['split']}": r["metrics"]["accuracy"] for r in outcome["reports"]},
            "macro_f1": {f"{r['subject']} {r['split']}": r["metrics"]["macro_f1"] for r in outcome["reports"]},
            "seconds": {stage["name"]: stage["seconds"] for stage in outcome["stages"]},
        }


if __name__ == "__main__":
    main()
