"""Whether a text's answer depends on the texts beside it: each is asked alone, and among random others."""

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
MOST = 2000


@dataclass(frozen=True)
class Invariance:
    """What the comparison found.

    Args:
        rows: how many texts were compared.
        label_changes: those with another first intent among others.
        max_score_difference: largest absolute difference of an intent's probability; NaN where there is a NaN.
    """

    rows: int
    label_changes: int
    max_score_difference: float

    def __str__(self) -> str:
        return (
            f"{self.rows:,} texts alone and among others: {self.label_changes} get another intent, a score differs by "
            f"{self.max_score_difference:.2g} at most"
        )

    @property
    def holds(self) -> bool:
        """Whether no label changes, and no score by more than 1e-6."""
        return self.label_changes == 0 and self.max_score_difference <= TOLERANCE


def batch_invariance(predictor: Predictor, texts: Sequence[str], *, seed: int, together: int = 256) -> Invariance:
    """Compare the answers to each of `texts`, at least one, alone and among random others.

    Args:
        predictor: as it is served.
        texts: to be asked; they are each other's company.
        seed: of the random order.
        together: how many are asked at once.
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


def sample_texts(dataset: Dataset, seed: int, most: int = MOST) -> list[str]:
    """Up to `most` different texts of a dataset, of any split, drawn at random and with their labels left aside."""
    texts = list(dict.fromkeys(row.text for row in dataset))
    return random.Random(seed).sample(texts, min(most, len(texts)))
