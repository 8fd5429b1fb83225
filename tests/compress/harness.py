"""What tests of compression share: a fine-tuned tiny model, its rows, and a search that takes seconds.

`python -m tests.compress.harness PLACE MODEL NAME` is such a search in a process of its own.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.model_folders import run_trainer
from workbench.context import Context
from workbench.host import Host, build_host
from workbench.io.files import replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.data import PATTERNS as WORDS
from workbench.testing.data import tiny_rows as rows
from workbench.testing.models import write_encoder
from workbench_compress.lab.workshop import ABOUT, VALUE

KEY = "?" * 16  # the end of the name of a step's folder
PER_INTENT = 160  # of which a quarter is dev
QUICK = {"screened": 2, "recovered": 1, "epochs": 1, "minutes": 5.0}
ROOM = 2.0  # points; of so few rows equal predictions may lose 0.6, so that no pruned model keeps the usual 0.5


def many_rows() -> Dataset:
    """120 dev rows and twice as many to train on."""
    return Dataset("intent", tuple(sorted(WORDS)), tuple(rows(PER_INTENT)))


def sources(dataset: Dataset, place: Path) -> str:
    """The `[[import]]` sections of a recipe in `place` for train and dev, whose files are written there."""
    for split in ("train", "dev"):
        with (place / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [(row.text, row.intent) for row in dataset.labelled(split)]
            csv.writer(file).writerows([("text", "intent"), *rows])
    return "".join(
        f'[[import]]\nreader = "csv"\nsource = "{split}.csv"\nsplit = "{split}"\nlabel = "intent"\n'
        for split in ("train", "dev")
    )


def pairs(points: float) -> dict[str, int]:
    """Predictions for very many rows, of which so many points are lost; negative where they are won."""
    rows = 10**7
    count = round(abs(points) * rows / 100)
    return {"rows": rows, "lost": count if points > 0 else 0, "won": count if points < 0 else 0}


def deviation(divergence: float, points: float, disagreement: float = 0.5) -> dict[str, Any]:
    """The note of a model that deviates that far and loses so many points."""
    return {"divergence": divergence, "disagreement": disagreement, "pairs": pairs(points)}


@dataclass
class Searching:
    """Searches of one model, each with a work folder of its own.

    Args:
        host: the plugins.
        model: a fine-tuned one.
        dataset: its rows.
        place: where everything stands.
    """

    host: Host
    model: Model
    dataset: Dataset
    place: Path

    def work(self, name: str) -> Path:
        """The work folder of the search of that name."""
        return self.place / name / "work"

    def step(self, name: str, step: str) -> Path:
        """The folder of a step of that search."""
        (found,) = self.work(name).glob(f"{step}-{KEY}")
        return found

    def steps(self, name: str) -> dict[str, Path]:
        """The folders of all finished steps of that search."""
        return {path.parent.name[:-17]: path.parent for path in self.work(name).glob(f"[!.]*/{ABOUT}")}

    def run(self, name: str, *, dataset: Dataset | None = None, seed: int = 13, **options: Any) -> Model:
        """Let the pass `search` work as a run does, and go on where the search of that name was."""
        self.work(name).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.place / name / "out", ignore_errors=True)
        component = self.host.registry("passes")["search"]
        context = Context(
            host=self.host,
            seed=seed,
            work=self.work(name),
            dataset=dataset or self.dataset,
            baseline=self.model,
            measurements=self.place / name / "measurements",
        )
        parsed = parse_options(component.options, {**QUICK, **options}, "compress")
        found: Model = component(self.model, self.place / name / "out", parsed, context)
        return found

    def measurements(self, name: str) -> dict[str, Any]:
        """What the search of that name measured."""
        path = self.place / name / "measurements" / "search.json"
        measurements: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return measurements

    def known(self, name: str, place: Path) -> Searching:
        """Searches elsewhere, of which one of that name has made and measured everything already."""
        shutil.copytree(self.work(name), place / name / "work")
        return dataclasses.replace(self, place=place)

    def note(self, name: str, step: str, value: Any) -> None:
        """Let a search have found a value."""
        folder = Context(self.host, 13, self.work(name)).cached(step, {})
        folder.mkdir(exist_ok=True)
        replace_json(folder / VALUE, value)
        replace_json(folder / ABOUT, {"seconds": 0.0, "by": []})

    def claim(self, name: str, candidate: str, points: float = -0.1, **figures: Any) -> None:
        """Let a candidate that was measured have other figures, and lose so many points for certain."""
        before = json.loads((self.step(name, f"figures-{candidate}") / VALUE).read_text(encoding="utf-8"))
        self.note(name, f"figures-{candidate}", {**before, **figures, "pairs": pairs(points)})


@pytest.fixture(scope="session")
def searching(host, common) -> Searching:
    """Searches of a fine-tuned tiny model, the same in all lanes; the one called `whole` came to its end.

    Not to be changed.
    """
    place = common / "searches"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            partial = place.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            (partial / "training").mkdir(parents=True)
            context = Context(host=host, seed=5, work=partial / "training")
            encoder = write_encoder(partial / "encoder")
            options = {"encoder": str(encoder), "epochs": 4, "batch_size": 8, "encoder_lr": 2e-3}
            model = run_trainer(context, "finetune", many_rows(), partial / "model", **options)
            Searching(host, model, many_rows(), partial).run("whole")
            partial.rename(place)
    return Searching(host, Model.load(place / "model"), many_rows(), place)


if __name__ == "__main__":
    Searching(build_host(), Model.load(Path(sys.argv[2])), many_rows(), Path(sys.argv[1])).run(sys.argv[3])
