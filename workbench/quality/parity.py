"""Parity: compare the outputs of two predictors on the same texts."""

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
    """Result of comparing two predictors.

    Args:
        rows: number of compared texts.
        agreement: share of texts for which both predict the same intent.
        max_logit_difference: largest absolute difference of a logit; NaN if a logit is NaN.
        max_embedding_difference: largest absolute difference of an embedding's component; 0 if a predictor has no
            embeddings.
        worst: the text with the largest difference of a logit or of an embedding's component.
    """

    rows: int
    agreement: float
    max_logit_difference: float
    max_embedding_difference: float
    worst: str

    def within(self, tolerance: float, *, embeddings: bool = True) -> bool:
        """Whether all differences are at most `tolerance`; NaN is not.

        Args:
            tolerance: largest allowed difference.
            embeddings: whether embeddings count too.
        """
        embeddings_match = self.max_embedding_difference <= tolerance or not embeddings
        return self.max_logit_difference <= tolerance and embeddings_match

    def note(self, origin: str) -> dict[str, Any]:
        """The entry `parity` of a pass's history step, as JSON; `PassParity.from_history` reads it.

        Args:
            origin: origin of the texts, such as `dev`.
        """
        return {
            "texts": origin,
            "rows": self.rows,
            "agreement": self.agreement,
            "max_logit_difference": float(f"{self.max_logit_difference:.1e}"),  # later digits vary with the threads
        }


def compare(baseline: Predictor, candidate: Predictor, texts: Sequence[str]) -> Parity:
    """Compare the outputs of two predictors.

    Args:
        baseline: the first predictor.
        candidate: the second predictor.
        texts: at least one text.

    Raises:
        ValueError: a predictor has no head.
    """
    import numpy as np

    logits, embeddings = baseline.run(texts)
    other_logits, other_embeddings = candidate.run(texts)
    if logits is None or other_logits is None:
        raise ValueError("parity needs two models with a head")
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
    """Pick up to `most` evenly spaced texts of dev, or of train if dev is empty.

    Args:
        dataset: the dataset; None = no texts.
        most: largest number of texts.

    Returns:
        The split and its texts; ("", []) without rows in dev and train.
    """
    for split in ("dev", "train"):
        if rows := dataset.split(split) if dataset else []:
            return split, [row.text for row in evenly(rows, most)]
    return "", []
