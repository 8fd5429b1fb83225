"""What a selector chooses texts to review from, and what it chose."""

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

BATCH = 256  # texts of one call


@dataclass(frozen=True)
class PoolRow:
    """A text to choose or to compare with.

    Args:
        text: as the model sees it.
        votes: on its intents; () = unlabelled.
        group: rows of one group are never on both sides of a cross-validation.
    """

    text: str
    votes: tuple[Vote, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class ReviewPool:
    """Texts, and what a model predicts for them.

    Args:
        rows: the texts.
        intents: of the model, in the order of the logits.
        logits: float32 [rows, intents]; None without a model.
        embeddings: float32 [rows, d]; None without a model, or where the model has none.
        temperature: divides the logits.
    """

    rows: Sequence[PoolRow]
    intents: tuple[Intent, ...] = ()
    logits: Floats | None = None
    embeddings: Floats | None = None
    temperature: float = 1.0

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64] | None:
        """Float64 [rows, intents]; None without a model."""
        return None if self.logits is None else probabilities(self.logits, self.temperature)


@dataclass(frozen=True, slots=True)
class Selected:
    """A row that a person should look at.

    Args:
        row: its place in the pool.
        figure: the number that it was chosen by.
        why: that number in words.
    """

    row: int
    figure: float
    why: str


def rows_needed(rows: Sequence[PoolRow], selectors: Sequence[Selector]) -> list[int]:
    """The places of the rows that at least one of the selectors looks at."""
    labelled = any(selector.labels or selector.compares for selector in selectors)
    unlabelled = any(not selector.labels for selector in selectors)
    return [place for place, row in enumerate(rows) if (labelled if row.votes else unlabelled)]


def predict_pool(rows: Sequence[PoolRow], predictor: Predictor, log: Log) -> ReviewPool:
    """Predict all texts, in batches.

    Raises:
        WorkbenchError: the model has no head, is for several intents per text, or returns numbers that are not finite.
    """
    import numpy as np

    if predictor.model.task != "intent":
        raise WorkbenchError("is no model of one intent per text", where=predictor.model.path)
    logits, embeddings = zip(*_batches(rows, predictor, log), strict=True) if rows else ((), ())
    whole = np.concatenate(logits) if rows else np.zeros((0, len(predictor.model.intents)), np.float32)
    if not np.isfinite(whole).all():
        raise WorkbenchError(
            "returns logits that are not finite numbers",
            where=predictor.model.path,
            remedy="The model is damaged: train or export it again",
        )
    vectors = np.concatenate(embeddings) if rows and embeddings[0] is not None else None
    return ReviewPool(rows, predictor.model.intents, whole, vectors, predictor.temperature)


def _batches(rows: Sequence[PoolRow], predictor: Predictor, log: Log) -> Iterator[tuple[Floats, Floats | None]]:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        logits, embeddings = predictor.run([row.text for row in batch])
        if logits is None:
            raise WorkbenchError(
                "is an encoder without a head", where=predictor.model.path, remedy="Train one: workbench train"
            )
        yield logits, embeddings
        log({"progress": (start + len(batch)) / len(rows)}, start + len(batch))
