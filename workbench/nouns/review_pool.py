"""The review pool: texts from which a selector chooses those to review, and the selected texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.nouns.predictor import Floats, Predictor, probabilities
from workbench.nouns.utterance import Intent
from workbench.nouns.vote import Vote

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.components import Selector
    from workbench.context import Log

BATCH = 256  # texts per call


@dataclass(frozen=True)
class PoolRow:
    """A text of the review pool.

    Args:
        text: the text that the model predicts.
        votes: votes on the text's intent; () for an unlabelled text.
        group: key of related rows. Rows of one group are never on both sides of a cross-validation.
    """

    text: str
    votes: tuple[Vote, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class ReviewPool:
    """Texts and a model's predictions for them.

    Args:
        rows: the texts.
        intents: the model's intents in the order of the logits.
        logits: float32 [rows, intents]; None without a model.
        embeddings: float32 [rows, d]; None without a model, or if the model has no embeddings.
        temperature: divisor of the logits.
    """

    rows: Sequence[PoolRow]
    intents: tuple[Intent, ...] = ()
    logits: Floats | None = None
    embeddings: Floats | None = None
    temperature: float = 1.0

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64] | None:
        """Probabilities float64 [rows, intents]; None without a model."""
        return None if self.logits is None else probabilities(self.logits, self.temperature)


@dataclass(frozen=True, slots=True)
class Selected:
    """A row that a person should review.

    Args:
        row: index of the row in the pool.
        figure: the number by which the selector chose the row.
        why: the reason for people, with the number.
    """

    row: int
    figure: float
    why: str


def rows_needed(rows: Sequence[PoolRow], selectors: Sequence[Selector]) -> list[int]:
    """Indices of the rows that at least one of the selectors needs."""
    labelled = any(selector.labels or selector.compares for selector in selectors)
    unlabelled = any(not selector.labels for selector in selectors)
    return [place for place, row in enumerate(rows) if (labelled if row.votes else unlabelled)]


def predict_pool(rows: Sequence[PoolRow], predictor: Predictor, log: Log) -> ReviewPool:
    """Predict all texts in batches.

    Raises:
        WorkbenchError: the model has no head, its task is not `intent`, or a logit is not finite.
    """
    import numpy as np

    if predictor.model.task != "intent":
        raise WorkbenchError(
            f"is for the task {predictor.model.task!r}, but a review needs the task 'intent' (one intent per text)",
            where=predictor.model.path,
            remedy="Use a model of the task 'intent', made with: workbench train",
        )
    logits, embeddings = zip(*_batches(rows, predictor, log), strict=True) if rows else ((), ())
    all_logits = np.concatenate(logits) if rows else np.zeros((0, len(predictor.model.intents)), np.float32)
    if not np.isfinite(all_logits).all():
        raise WorkbenchError(
            "returns logits that are not finite numbers",
            where=predictor.model.path,
            remedy="Train or export the model again: its weights are damaged",
        )
    vectors = np.concatenate(embeddings) if rows and embeddings[0] is not None else None
    return ReviewPool(rows, predictor.model.intents, all_logits, vectors, predictor.temperature)


def _batches(rows: Sequence[PoolRow], predictor: Predictor, log: Log) -> Iterator[tuple[Floats, Floats | None]]:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        logits, embeddings = predictor.run([row.text for row in batch])
        if logits is None:
            raise WorkbenchError(
                "is an encoder without a head",
                where=predictor.model.path,
                remedy="Train a model with: workbench train",
            )
        yield logits, embeddings
        log({"progress": (start + len(batch)) / len(rows)}, start + len(batch))
