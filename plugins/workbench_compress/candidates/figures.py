"""Figures of a model: how its predictions deviate from those of the baseline model, and what serving it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from workbench.api.quality import TOLERANCE
from workbench_compress.candidates.accuracy_loss import AccuracyLoss, Pairs, accuracy_loss


@dataclass(frozen=True)
class Deviation:
    """How the predictions of a model deviate from those of the baseline model on the same texts.

    Args:
        accuracy_loss: follows from `pairs` and from the confidence, which another search may change.
        pairs: rows that one of the two models has right.
        disagreement: share of the texts whose label changed.
        divergence: mean Kullback-Leibler divergence from the baseline model's probabilities, nats.
    """

    accuracy_loss: AccuracyLoss
    pairs: Pairs
    disagreement: float
    divergence: float

    @classmethod
    def from_note(cls, note: Mapping[str, Any], confidence: float) -> Self:
        """Read the figures from JSON, with the accuracy loss at a confidence level."""
        pairs = Pairs(**note["pairs"])
        return cls(**{**note, "pairs": pairs, "accuracy_loss": accuracy_loss(pairs, confidence)})


@dataclass(frozen=True)
class Figures(Deviation):
    """The figures of a candidate.

    Args:
        before_export: deviation of the torch model that it was exported from.
        accuracy: on dev, as a share.
        export_disagreement: share of the texts whose label differs from the torch model's before the export.
        export_logit_difference: the largest difference from that model's logits.
        bytes: of all files that a bundle holds of it.
        memory_bytes: peak memory of a process that serves it.
        mean_ms: milliseconds for one text on one core; the mean over the least time of each text.
        p95_ms: 95th percentile over all calls.
        yardstick_ms: `mean_ms` of the model that was timed in turn with it.
        labels_changed_by_batch: texts that get another label beside other texts.
        score_changed_by_batch: the largest difference of a score beside other texts.
        facts: what the runtime knows of it, such as how many nodes its graph has.
    """

    before_export: Deviation
    accuracy: float
    export_disagreement: float
    export_logit_difference: float
    bytes: int
    memory_bytes: int
    mean_ms: float
    p95_ms: float
    yardstick_ms: float
    labels_changed_by_batch: int
    score_changed_by_batch: float
    facts: Mapping[str, float]

    @classmethod
    def from_note(cls, note: Mapping[str, Any], confidence: float) -> Self:
        """Read the figures from JSON, with the accuracy losses at a confidence level."""
        before = Deviation.from_note(note["before_export"], confidence)
        return super().from_note({**note, "before_export": before}, confidence)

    @property
    def batch_invariant(self) -> bool:
        """Whether a text gets the same prediction whatever other texts are in its call."""
        return not self.labels_changed_by_batch and self.score_changed_by_batch <= TOLERANCE
