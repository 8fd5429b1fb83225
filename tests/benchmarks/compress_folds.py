"""Five-fold cross-validation of what a search chose: fine-tune on four fifths, compress alike, ask the last fifth.

    python -m tests.benchmarks.compress_folds RUN BUNDLE --place FOLDER [--limit ROWS]

RUN is a run of smp2017.toml, BUNDLE what tests/benchmarks/compress.py left, and its measurements. The rows are
train and dev, with `--limit` some of them, evenly; the test split is not touched. Finished steps stay in PLACE: what
was fine-tuned for a run, seed, limit and fold, and in a folder beside it what was made of that for each candidate.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from tests.benchmarks.compress_verdicts import said
from tests.benchmarks.records import Records
from workbench.api import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.options import parse_options
from workbench.quality.samples import evenly
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.data import gather
from workbench_compress.lab.models import Models
from workbench_compress.lab.workshop import Workshop
from workbench_compress.search import first, plain_passes
from workbench_compress.space.architecture import Architecture, discover_space

FOLDS, DEV = 5, 0.1
WITHIN = 0.5  # points that may be lost, in the mean of the folds
FOREVER = 1e9  # minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args()
    run, host, records = Run.load(asked.run), build_host(), Records("compress-folds")
    beside = asked.bundle.with_name(f"{asked.bundle.name}.measurements") / "search.json"
    measurements = json.loads(beside.read_text(encoding="utf-8"))
    chosen = next(c for c in measurements["candidates"] if c["chosen"])
    options = parse_options(SearchOptions, measurements["options"], "search")
    mark = f"train-{run.stage('train').key[:8]}-seed-{asked.seed}-limit-{asked.limit}"
    folds = []
    for number, dataset in enumerate(divided(run.dataset(), asked)):
        place = asked.place / mark / f"fold-{number}"
        work = lambda: fold(run, host, dataset, chosen, options, asked.seed, place)  # noqa: E731, B023
        folds.append(records.measure(f"{mark}, {chosen['name']}, fold {number}", work))
    drops = [100 * (fold["fine-tuned"] - fold["compressed"]) for fold in folds]
    mean = statistics.mean(drops)
    print(
        f"points lost: mean {mean:.2f}, by fold {', '.join(f'{drop:.2f}' for drop in drops)}; "
        f"target at most {WITHIN}: {said(mean <= WITHIN)}"
    )


def divided(dataset: Dataset, asked: argparse.Namespace) -> list[Dataset]:
    """A dataset for each fold: the held-out fifth is called test, of the rest a tenth is dev."""
    rows = evenly([*dataset.labelled("train"), *dataset.labelled("dev")], asked.limit)
    labels = np.array(dataset.label_ids(rows))
    made = []
    for kept, held in StratifiedKFold(FOLDS, shuffle=True, random_state=asked.seed).split(rows, labels):
        train, dev = train_test_split(kept, test_size=DEV, stratify=labels[kept], random_state=asked.seed)
        split = dict.fromkeys(train, "train") | dict.fromkeys(dev, "dev") | dict.fromkeys(held, "test")
        made.append(dataset.with_rows(dataclasses.replace(row, split=split[n]) for n, row in enumerate(rows)))
    return made


def fold(
    run: Run, host: Host, dataset: Dataset, chosen: dict[str, Any], options: SearchOptions, seed: int, place: Path
) -> dict[str, float]:
    """Accuracy on the held-out fifth of the fine-tuned model and of the compressed one."""
    place.mkdir(parents=True, exist_ok=True)
    seen = dataset.with_rows(row for row in dataset if row.split != "test")
    context = Context(host, seed, place, dataset=seen)
    values = {key: value for key, value in run.recipe["train"].items() if key != "use"}
    trainer = host.registry("trainers")[run.recipe["train"]["use"]]
    course = parse_options(trainer.options, values, "train")
    tuned = Workshop(context, FOREVER).made("tuned", lambda out, around: trainer(seen, out, course, around))
    own = place / chosen["name"]
    own.mkdir(exist_ok=True)
    context = dataclasses.replace(context, baseline=tuned, work=own)
    data = gather(tuned, options, context, plain_passes(context, tuned))
    lab = Workshop(dataclasses.replace(context, dataset=data.learning), FOREVER)  # as in a search
    space = discover_space(host.registry("passes"), tuned)
    models = Models(lab, tuned, space, data, first(context, "trim", tuned), first(context, "recover", tuned))
    small = compressed(models, chosen)
    return {name: accuracy(model, host, dataset) for name, model in (("fine-tuned", tuned), ("compressed", small))}


def compressed(models: Models, chosen: dict[str, Any]) -> Model:
    """The model after the passes by which the chosen candidate was made."""
    found = zip(models.space.names(), models.space.dimensions, strict=True)
    architecture = Architecture(tuple(d.values.index(chosen["architecture"][name]) for name, d in found))
    version = Version(architecture, chosen["tokens"], tuple(chosen["rounds"]))
    model = models.model(version)
    for number, link in enumerate(chosen["passes"]):
        options = {key: value for key, value in link.items() if key != "use"}
        model = models.lab.passed(f"served-{number}", lambda source=model: source, link["use"], **options)
    return model


def accuracy(model: Model, host: Host, dataset: Dataset) -> float:
    """Share of the test rows that it answers right."""
    rows = dataset.labelled("test")
    logits = host.open_predictor(model, PredictorOptions(threads=2)).logits([row.text for row in rows])
    return float((logits.argmax(1) == np.array(dataset.label_ids(rows))).mean())


if __name__ == "__main__":
    main()
