"""Parity: how near one predictor's answers are to another's on the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.quality.samples import evenly

if TYPE_CHECKING:
    from workbench.nouns.dataset import Dataset
    from workbench.nouns.predictor import Predictor


@dataclass(frozen=True)
class Parity:
    """What a comparison found.

    Args:
        rows: how many texts were compared.
        agreement: share of them with the same first intent.
        max_logit_difference: largest absolute difference of a logit; NaN where one side has a NaN.
        max_embedding_difference: the same of the embeddings; 0 when a side offers none.
        worst: the text with the largest difference of either.
    """

    rows: int
    agreement: float
    max_logit_difference: float
    max_embedding_difference: float
    worst: str

    def within(self, tolerance: float, *, embeddings: bool = True) -> bool:
        """Whether no difference of logits, and of `embeddings`, is larger than `tolerance`, and none is NaN."""
        near = self.max_embedding_difference <= tolerance or not embeddings
        return self.max_logit_difference <= tolerance and near

    def note(self, origin: str) -> dict[str, Any]:
        """What a pass writes into its step of the history as `parity`; `PassParity.from_history` reads it.

        Args:
            origin: where the texts come from.
        """
        return {
            "texts": origin,
            "rows": self.rows,
            "agreement": self.agreement,
            "max_logit_difference": float(f"{self.max_logit_difference:.1e}"),  # more figures vary with the threads
        }


def compare(baseline: Predictor, candidate: Predictor, texts: Sequence[str]) -> Parity:
    """Both predictors' answers to `texts`, at least one, side by side.

    Raises:
        ValueError: a predictor has no head.
    """
    import numpy as np

    logits, embeddings = baseline.run(texts)
    other_logits, other_embeddings = candidate.run(texts)
    if logits is None or other_logits is None:
        raise ValueError("parity is between models with a head")
    by_logits = np.abs(logits - other_logits).max(axis=1)
    by_embeddings = np.zeros(len(texts), np.float32)
    if embeddings is not None and other_embeddings is not None:
        by_embeddings = np.abs(embeddings - other_embeddings).max(axis=1)
    return Parity(
        rows=len(texts),
        agreement=float((logits.argmax(1) == other_logits.argmax(1)).mean()),
        max_logit_difference=float(by_logits.max()),
        max_embedding_difference=float(by_embeddings.max()),
        worst=texts[int(np.maximum(by_logits, by_embeddings).argmax())],
    )


def real_texts(dataset: Dataset | None, most: int) -> tuple[str, list[str]]:
    """The split, and up to `most` texts evenly from all of it.

    It is dev, else train; without either the split is called "" and there are no texts.
    """
    for split in ("dev", "train"):
        if rows := dataset.split(split) if dataset else []:
            return split, [row.text for row in evenly(rows, most)]
    return "", []
