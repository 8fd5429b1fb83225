"""Batch invariance: whether the prediction for a text depends on the other texts in its batch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.nouns.predictor import probabilities

if TYPE_CHECKING:
    from workbench.nouns.dataset import Dataset
    from workbench.nouns.predictor import Predictor

TOLERANCE = 1e-6
MAX_TEXTS = 2000


@dataclass(frozen=True)
class Invariance:
    """Result of comparing predictions with batch size 1 and in batches.

    Args:
        rows: number of compared texts.
        label_changes: number of texts whose predicted intent differs.
        max_score_difference: largest absolute difference of an intent's probability; NaN if a probability is NaN.
    """

    rows: int
    label_changes: int
    max_score_difference: float

    def __str__(self) -> str:
        return (
            f"batch invariance on {self.rows:,} texts: {self.label_changes} label changes, "
            f"largest score difference {self.max_score_difference:.2g}"
        )

    @property
    def holds(self) -> bool:
        """Whether no label changes and no score changes by more than 1e-6."""
        return self.label_changes == 0 and self.max_score_difference <= TOLERANCE


def batch_invariance(predictor: Predictor, texts: Sequence[str], *, seed: int, together: int = 256) -> Invariance:
    """Compare the predictions for texts with batch size 1 and in random batches.

    Args:
        predictor: the predictor, as served.
        texts: at least one text.
        seed: seed of the random batches.
        together: batch size.
    """
    import numpy as np

    order = random.Random(seed).sample(range(len(texts)), len(texts))
    mixed = np.concatenate(
        [
            predictor.logits([texts[number] for number in order[start : start + together]])
            for start in range(0, len(order), together)
        ]
    )[np.argsort(order)]
    alone = np.concatenate([predictor.logits([text]) for text in texts])
    scores = [probabilities(logits, predictor.temperature) for logits in (alone, mixed)]
    return Invariance(
        rows=len(texts),
        label_changes=int((alone.argmax(1) != mixed.argmax(1)).sum()),
        max_score_difference=float(np.abs(scores[0] - scores[1]).max()),
    )


def sample_texts(dataset: Dataset, seed: int, most: int = MAX_TEXTS) -> list[str]:
    """Draw up to `most` different texts of a dataset at random, from all splits; labels are not used."""
    texts = list(dict.fromkeys(row.text for row in dataset))
    return random.Random(seed).sample(texts, min(most, len(texts)))
