"""Several annotations of a task -> one intent, by a named policy."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Vote(NamedTuple):
    """One submitted annotation that has an intent."""

    intent: str
    annotator: str | None
    ground_truth: bool
    updated: Any  # ISO 8601, or what else stands there


def majority(votes: Sequence[Vote]) -> str | None:
    """The intent with the most votes; None for a tie."""
    ranked = Counter(vote.intent for vote in votes).most_common(2)
    tie = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tie else ranked[0][0]


def ground_truth(votes: Sequence[Vote]) -> str | None:
    """The intent that is marked as the right one, else the majority."""
    marked = [vote for vote in votes if vote.ground_truth]
    return majority(marked or votes)


def latest(votes: Sequence[Vote]) -> str | None:
    """The intent of the annotation that was changed last; of two at the same moment, the one that stands later.

    Raises:
        ValueError: an annotation has no readable time.
    """
    return max(enumerate(votes), key=lambda entry: (_moment(entry[1].updated), entry[0]))[1].intent


POLICIES: Mapping[str, Callable[[Sequence[Vote]], str | None]] = {
    "ground-truth": ground_truth,
    "majority": majority,
    "latest": latest,
}


def _moment(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.40} is no text")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
