"""Votes: the intents that several annotators submitted for a text, and their consolidation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.nouns.utterance import Intent

REASONS = ("empty", "disagreement")


@dataclass(frozen=True, slots=True)
class Vote:
    """The submission of one annotator for one text.

    Args:
        annotator: the annotator's id; None if the source does not state one.
        intents: as in `Utterance`: () = out of scope, None = submitted without an intent.
        ground_truth: whether the vote is marked as ground truth.
        time: ISO 8601, as in the source.
        weight: weight of the annotator from a table of weights; None without a table.
    """

    annotator: str | None
    intents: tuple[Intent, ...] | None
    ground_truth: bool = False
    time: Any = None
    weight: float | None = None

    @property
    def labels(self) -> tuple[Intent, ...]:
        """The intents of the vote. Out of scope counts as the intent `()`; a vote without an intent has none."""
        return self.intents or ((),) if self.intents is not None else ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """All votes on one text.

    Args:
        task: id of the text in its source.
        text: the text that annotators read.
        votes: the votes in the order of the source.
        where: position in the source, for messages.
    """

    task: str
    text: str
    votes: tuple[Vote, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The consolidated intents of one text.

    Args:
        intents: as in `Utterance`; None = the votes lead to no result.
        reason: why there is no result: `empty` (no vote has an intent) or `disagreement`.
    """

    intents: tuple[Intent, ...] | None
    reason: str | None = None


@dataclass(frozen=True)
class Consolidated:
    """The result of a consolidation.

    Args:
        outcomes: one outcome per ballot, in the order of the ballots.
        weights: annotator -> weight; empty for a consolidation without weights.
    """

    outcomes: Sequence[Outcome]
    weights: Mapping[str | None, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    """The votes of a source.

    Args:
        ballots: one ballot per text.
        policy: name of the consolidation; None = the default.
        provenance: names and digests of the source, as JSON.
    """

    ballots: Sequence[Ballot]
    policy: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
