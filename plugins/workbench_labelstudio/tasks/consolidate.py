"""Several annotations of a task -> what its intents are, by a named policy.

Where each annotation gives one intent, the one with the most votes wins. Where any gives several, each intent is voted
on by itself, and those win that more than half of the votes are for.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workbench.api import Intent

    Intents = tuple[Intent, ...]
    Weights = Mapping[str | None, float]


class Vote(NamedTuple):
    """One submitted annotation that has an intent."""

    intents: Intents
    annotator: str | None
    ground_truth: bool
    updated: Any  # ISO 8601, or what else stands there


def elect(votes: Sequence[Vote], weights: Weights | None = None) -> Intents | None:
    """The intents with the most votes; None for a tie.

    Args:
        votes: of one task.
        weights: of the annotators; None = all weigh the same.
    """
    have: defaultdict[Intent, float] = defaultdict(float)
    total = 0.0
    for vote in votes:
        weight = 1.0 if weights is None else weights[vote.annotator]
        total += weight
        for intent in vote.intents:
            have[intent] += weight
    if any(len(vote.intents) > 1 for vote in votes):
        return tuple(intent for intent, share in have.items() if _more(share, total / 2)) or None
    most = max(have.values())
    first = [intent for intent, share in have.items() if not _more(most, share)]
    return (first[0],) if len(first) == 1 and most > 0 else None


def majority(votes: Sequence[Vote], _: Weights) -> Intents | None:
    """The intents with the most votes; None for a tie."""
    return elect(votes)


def ground_truth(votes: Sequence[Vote], _: Weights) -> Intents | None:
    """The intents that are marked as the right ones, else the majority."""
    marked = [vote for vote in votes if vote.ground_truth]
    return elect(marked or votes)


def latest(votes: Sequence[Vote], _: Weights) -> Intents | None:
    """The intents of the annotation that was changed last; of two at the same moment, the one that stands later.

    Raises:
        ValueError: an annotation has no readable time.
    """
    return max(enumerate(votes), key=lambda entry: (_moment(entry[1].updated), entry[0]))[1].intents


POLICIES: Mapping[str, Callable[[Sequence[Vote], Weights], Intents | None]] = {
    "ground-truth": ground_truth,
    "majority": majority,
    "latest": latest,
    "weighted": elect,
}


def estimate_weights(tasks: Iterable[Sequence[Vote]]) -> dict[str | None, float]:
    """How far each annotator can be relied on, between 0 and 1, as far as the annotations themselves can tell.

    Of the tasks on which the majority of the *others* is clear, the share on which the annotator says the same, with
    one such task added on which they agree and one on which they do not (Laplace's rule of succession), so that little
    measurements weighs little: who shares no task gets 1/2. It needs no ground truth; with two annotators both get the
    same.

    Args:
        tasks: the votes on each.
    """
    shared: Counter[str | None] = Counter()
    agreed: Counter[str | None] = Counter()
    for votes in tasks:
        people = {vote.annotator for vote in votes}
        shared.update(dict.fromkeys(people, 0))
        for person in people - {None} if len(people) > 1 else ():
            expected = elect([vote for vote in votes if vote.annotator != person])
            if expected is not None:
                own = elect([vote for vote in votes if vote.annotator == person])
                shared[person] += 1
                agreed[person] += own is not None and set(own) == set(expected)
    return {person: (agreed[person] + 1) / (shared[person] + 2) for person in shared}


def _more(one: float, other: float) -> bool:
    return one > other and not math.isclose(one, other)


def _moment(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.40} is no text")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
