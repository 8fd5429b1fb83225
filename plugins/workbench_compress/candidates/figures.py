"""Figures of a model: how its predictions deviate from those of the baseline model, and what serving it costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.api.quality import TOLERANCE
from workbench_compress.candidates.accuracy_loss import AccuracyLoss, Pairs, accuracy_loss

LOSS = "accuracy_loss"  # follows from the pairs and from the confidence, which another search may change


@dataclass(frozen=True)
class Deviation:
    """How the predictions of a model deviate from those of the baseline model on the same texts.

    Args:
        accuracy_loss: follows from `pairs`.
        pairs: rows that one of the two models has right.
        disagreement: share of the texts whose label changed.
        divergence: mean Kullback-Leibler divergence from the baseline model's probabilities, nats.
    """

    accuracy_loss: AccuracyLoss
    pairs: Pairs
    disagreement: float
    divergence: float

    @classmethod
    def from_note(cls, note: Mapping[str, Any], confidence: float) -> Any:
        """Read what `to_note` gave, at a confidence level."""
        names = {field.name for field in dataclasses.fields(cls)} - {LOSS, "pairs"}
        pairs = Pairs(**note["pairs"])
        return cls(accuracy_loss(pairs, confidence), pairs, **{name: note[name] for name in names})

    def to_note(self) -> dict[str, Any]:
        """Give the figures as JSON, without those that depend on the confidence level."""
        return {name: value for name, value in self.to_json().items() if name != LOSS}

    def to_json(self) -> dict[str, Any]:
        """Give all figures as JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Figures(Deviation):
    """The figures of a candidate.

    Args:
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
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def batch_invariant(self) -> bool:
        """Whether a text gets the same prediction whatever other texts are in its call."""
        return not self.labels_changed_by_batch and self.score_changed_by_batch <= TOLERANCE
