"""Five-fold accuracy of the probe on the embedded dataset: how hard it is.

python -m tests.benchmarks.folds en
python -m tests.benchmarks.folds zh --encoder PATH
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
from pathlib import Path

from sklearn.model_selection import StratifiedKFold

from tests.benchmarks.records import Records
from workbench.api import build_host
from workbench.context import Context
from workbench.nouns.dataset import Dataset
from workbench.nouns.predictor import PredictorOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("--encoder", default="minilm")
    asked = parser.parse_args()
    Records("folds").measure(asked.language, lambda: folds(asked.language, asked.encoder))


def folds(language: str, encoder: str) -> dict:
    """Accuracy of the probe on each fifth, trained on the other four."""
    host, scores = build_host(), []
    context = Context(host, 13, Path())
    read, probe = host.registry("readers")["quickstart"], host.registry("trainers")["probe"]
    dataset = read(language, Path(), read.options(), context)
    parts = StratifiedKFold(5, shuffle=True, random_state=13).split(dataset.utterances, dataset.label_ids(dataset))
    for train, held_out in parts:
        rows = [dataclasses.replace(dataset.utterances[i], split="train") for i in train]
        with tempfile.TemporaryDirectory() as place:
            model = probe(
                Dataset("intent", dataset.intents, tuple(rows)),
                Path(place) / "model",
                probe.options(encoder=encoder),
                context,
            )
            held = [dataset.utterances[i] for i in held_out]
            answers = host.open_predictor(model, PredictorOptions(threads=2)).predict([row.text for row in held])
            scores.append(sum(a.intents[0] == row.intent for a, row in zip(answers, held, strict=True)) / len(held))
    return {"accuracy": statistics.mean(scores), "folds": scores, "rows": len(dataset)}


if __name__ == "__main__":
    main()
