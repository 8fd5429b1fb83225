"""The whole story of `labelstudio_story` with as many texts as a small team labels, on a real Label Studio server.

    python -m tests.benchmarks.labelstudio_story [--texts 2000]

Two thirds of the texts are English (BANKING77), one third is Chinese (SMP2017). The seconds of each step are kept, of
which `label` is the server's own: two people's annotations, one request each. A few minutes.
"""

from __future__ import annotations

import argparse
import csv
import functools
import random
import signal
import tempfile
from pathlib import Path

from tests.benchmarks.records import Records, shared
from tests.label_studio import LabelStudioServer
from tests.labelstudio.story import tell
from workbench.nouns.utterance import Utterance

SHARES = {"banking77": 2, "smp2017": 1}  # of the texts
SEED = 13


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    given = parser.parse_args()
    Records("labelstudio_story").measure(f"{given.texts:,} texts", functools.partial(run, given.texts))


def run(size: int) -> dict[str, float]:
    """The seconds of each step."""
    rows = [row for name in SHARES for row in sample(name, size)]
    with tempfile.TemporaryDirectory() as place:
        server = LabelStudioServer(Path(place) / "server").start()
        try:
            return tell(server, Path(place), rows[:size], "The whole story")
        finally:
            server.stop(signal.SIGKILL)


def sample(name: str, size: int) -> list[Utterance]:
    """Some rows of a source, each text once."""
    with shared("data", name, "train.csv").open(encoding="utf-8", newline="") as file:
        found = {row["text"]: row["category"] for row in csv.DictReader(file)}
    count = -(-size * SHARES[name] // sum(SHARES.values()))
    chosen = random.Random(SEED).sample(sorted(found), count)
    return [Utterance(f"{name}-{n}", one, one, (found[one],)) for n, one in enumerate(chosen)]


if __name__ == "__main__":
    main()
