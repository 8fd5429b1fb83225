"""Predict by the most similar train text of each intent."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from nearest_example import FILE
from nearest_example.train import pieces
from workbench.api import Floats, Model, Predictor, PredictorOptions

SHARPNESS = 20.0  # a text with 0.1 more in common is then a factor of 7 in probability


class NearestExample(Predictor):
    """The similarity of two texts is the share of pieces that both have (Jaccard)."""

    def __init__(self, model: Model, options: PredictorOptions) -> None:
        super().__init__(model)
        content = json.loads((model.path / FILE).read_text(encoding="utf-8"))
        self.letters: int = content["letters"]
        self.examples = [(frozenset(found), label) for found, label in content["examples"]]

    def compute(self, texts: Sequence[str]) -> tuple[Floats, None]:
        """Logits, float32 [n, intents]; there are no embeddings."""
        logits = np.zeros((len(texts), len(self.model.intents)), np.float32)
        for row, text in zip(logits, texts, strict=True):
            asked = pieces(text, self.letters)
            for found, label in self.examples:
                similarity = SHARPNESS * len(asked & found) / len(asked | found)
                row[label] = max(row[label], similarity)
        return logits, None
