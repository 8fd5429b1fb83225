"""Which measure chooses heads and neurons better: dev accuracy and divergence of a model pruned by each, unrecovered.

    python -m tests.benchmarks.importance RUN

RUN is a run of tests/benchmarks/banking77.toml. Each measure sees the same rows of train: 512 or 1,024 of them, drawn
by a seed. The divergence is KL(uncut || pruned), the mean over dev in nats.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.records import Records
from workbench.api import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options

CUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "width 768": ("prune-ffn", {"width": 768}),
    "width 384": ("prune-ffn", {"width": 384}),
    "6 heads": ("prune-heads", {"heads": 6}),
}
MEASURES = ("output", "fisher")
SAMPLES = ((512, 0), (512, 1), (1024, 0))  # rows, seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run, host, records = Run.load(parser.parse_args().run), build_host(), Records("importance")
    trained, dataset = Model.load(run.stage("train").path), run.dataset()
    dev = dataset.labelled("dev")
    texts, truth = [row.text for row in dev], np.array(dataset.label_ids(dev))
    whole = host.open_predictor(trained).logits(texts)
    mark = f"train-{run.stage('train').key[:8]}"
    print(f"uncut: {(whole.argmax(1) == truth).mean():.4f} on {len(dev)} dev rows")
    for cut in CUTS:
        for rows, seed in SAMPLES:
            for measure in MEASURES:

                def work(
                    cut: str = cut, rows: int = rows, seed: int = seed, measure: str = measure
                ) -> dict[str, float]:
                    with tempfile.TemporaryDirectory() as place:
                        context = Context(host, seed, Path(place), dataset=drawn(dataset, rows, seed))
                        pruned = prune(trained, cut, {"rows": rows, "measure": measure}, context)
                        logits = host.open_predictor(pruned).logits(texts)
                    return {
                        "accuracy": float((logits.argmax(1) == truth).mean()),
                        "divergence": divergence(whole, logits),
                    }

                records.measure(f"{mark}, {cut}, {measure}, {rows} rows, seed {seed}", work)


def prune(model: Model, cut: str, options: dict[str, Any], context: Context) -> Model:
    """The model after a cut, as a recipe makes it."""
    name, more = CUTS[cut]
    component = context.host.registry("passes")[name]
    return component(model, context.work / "out", parse_options(component.options, {**more, **options}, name), context)


def drawn(dataset: Dataset, count: int, seed: int) -> Dataset:
    """Train with so many rows, drawn at random."""
    rows = dataset.labelled("train")
    return dataset.with_rows(random.Random(seed).sample(rows, count))


def divergence(one: np.ndarray, two: np.ndarray) -> float:
    """The mean of KL(one || two) of two arrays of logits [n, intents], in nats."""
    first, second = (x - np.logaddexp.reduce(x, axis=1, keepdims=True) for x in (one.astype(float), two.astype(float)))
    return float((np.exp(first) * (first - second)).sum(1).mean())


if __name__ == "__main__":
    main()
