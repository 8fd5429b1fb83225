"""Policies that turn the votes on a text into its intents.

Where each vote gives one intent, the intent with the most votes wins. Where a vote gives several, each intent is voted
on by itself, and those win that more than half of the votes are for. Out of scope counts as an intent.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.review import Ballot, Consolidated, Outcome, Vote

if TYPE_CHECKING:
    from workbench.api import Intent

    Intents = tuple[Intent, ...]

EMPTY, DISAGREEMENT = Outcome(None, "empty"), Outcome(None, "disagreement")


def majority(ballots: Sequence[Ballot]) -> Consolidated:
    """Take the intents with the most votes."""
    return Consolidated([_elected(ballot.votes) for ballot in ballots])


def ground_truth(ballots: Sequence[Ballot]) -> Consolidated:
    """Take the votes that are marked as ground truth, where there are any, else all."""
    marked = [[vote for vote in ballot.votes if vote.ground_truth] or ballot.votes for ballot in ballots]
    return Consolidated([_elected(votes) for votes in marked])


def latest(ballots: Sequence[Ballot]) -> Consolidated:
    """Take the vote that was changed last; of two with the same time, the later one in the source.

    Raises:
        WorkbenchError: a vote has no readable time.
    """
    return Consolidated([_latest(ballot) for ballot in ballots])


def weighted(ballots: Sequence[Ballot]) -> Consolidated:
    """Take the intents with the most weight: of a table, else as `estimate_weights` says.

    Where there is a table, a vote without a weight has the one that its annotator has elsewhere, else 1.
    """
    votes = [vote for ballot in ballots for vote in ballot.votes]
    given = {vote.annotator: vote.weight for vote in votes if vote.weight is not None}
    if given:
        weights = {vote.annotator: 1.0 for vote in votes}
        weights |= {person: weight for person, weight in given.items() if person is not None}
    else:
        weights = estimate_weights(counted(ballot.votes) for ballot in ballots)

    def weight_of(vote: Vote) -> float:
        return weights[vote.annotator] if vote.weight is None else vote.weight

    return Consolidated([_elected(ballot.votes, weight_of) for ballot in ballots], weights)


def counted(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that give an intent."""
    return [vote for vote in votes if vote.intents is not None]


def elect(votes: Sequence[Vote], weight: Callable[[Vote], float] = lambda _: 1.0) -> Intents | None:
    """The intents with the most votes, where `()` is out of scope; None for a tie.

    Args:
        votes: on one text, each with an intent.
        weight: of a vote.
    """
    received: defaultdict[Intent, float] = defaultdict(float)
    for vote in votes:
        for intent in vote.labels:
            received[intent] += weight(vote)
    if any(len(vote.labels) > 1 for vote in votes):
        half = sum(map(weight, votes)) / 2
        return tuple(intent for intent, share in received.items() if _more(share, half)) or None
    most = max(received.values())
    first = [intent for intent, share in received.items() if not _more(most, share)]
    return (first[0],) if len(first) == 1 and most > 0 else None


def estimate_weights(tasks: Iterable[Sequence[Vote]]) -> dict[str | None, float]:
    """Estimate how reliable each annotator is, between 0 and 1, from the votes alone.

    The weight is the share of texts on which the annotator agrees with the majority of the *others*, where that is
    clear. One agreement and one disagreement are added (Laplace's rule of succession), so that little evidence weighs
    little: an annotator who shares no text gets 1/2. Two annotators get the same weight.
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


def outcome_of(labels: Intents | None) -> Outcome:
    """The outcome of an election; None = a tie."""
    return DISAGREEMENT if labels is None else Outcome(tuple(intent for intent in labels if intent != ()))


def _elected(votes: Iterable[Vote], weight: Callable[[Vote], float] = lambda _: 1.0) -> Outcome:
    given = counted(votes)
    return outcome_of(elect(given, weight)) if given else EMPTY


def _latest(ballot: Ballot) -> Outcome:
    if not (given := counted(ballot.votes)):
        return EMPTY
    try:
        last = max(enumerate(given), key=lambda entry: (_moment(entry[1].time), entry[0]))[1]
    except ValueError as error:
        raise WorkbenchError(
            f"has an annotation without a readable time ({error})",
            where=ballot.where,
            remedy="Choose the policy ground-truth or majority",
        ) from error
    return Outcome(last.intents)


def _more(one: float, other: float) -> bool:
    return one > other and not math.isclose(one, other)


def _moment(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.40} is no text")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
