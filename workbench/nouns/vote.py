"""Votes: what several annotators gave one text, and what a consolidation makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.nouns.utterance import Intent

REASONS = ("empty", "disagreement")


@dataclass(frozen=True, slots=True)
class Vote:
    """What one annotator submitted for one text.

    Args:
        annotator: id; None where the source does not say.
        intents: as in `Utterance`: () = out of scope, None = submitted without an intent.
        ground_truth: the vote is marked as the right one.
        time: ISO 8601, as the source holds it.
        weight: of the annotator, from a table; None = there is no table.
    """

    annotator: str | None
    intents: tuple[Intent, ...] | None
    ground_truth: bool = False
    time: Any = None
    weight: float | None = None

    @property
    def labels(self) -> tuple[Intent, ...]:
        """The intents, where out of scope counts as an intent too: `()`. Empty for a vote without an intent."""
        return self.intents or ((),) if self.intents is not None else ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """The votes on one text.

    Args:
        task: id of the text in its source.
        text: as annotators saw it.
        votes: in the order of the source.
        where: the place in the source, for messages.
    """

    task: str
    text: str
    votes: tuple[Vote, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the votes on one text amount to.

    Args:
        intents: as in `Utterance`; None = the votes give none.
        reason: why there is none: `empty` (no vote gives an intent) or `disagreement`.
    """

    intents: tuple[Intent, ...] | None
    reason: str | None = None


@dataclass(frozen=True)
class Consolidated:
    """The outcome of each ballot, in their order, and the weight of each annotator where votes were weighed."""

    outcomes: Sequence[Outcome]
    weights: Mapping[str | None, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    """The votes of a source.

    Args:
        ballots: one for each text.
        policy: name of the consolidation; None = the default.
        provenance: what is known of the source, as JSON.
    """

    ballots: Sequence[Ballot]
    policy: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
