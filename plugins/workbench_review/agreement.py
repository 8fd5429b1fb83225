"""How far annotators agree: Cohen's kappa of each pair, Krippendorff's alpha of all and of each intent.

Of several votes of an annotator on one task the last one that gives an intent counts.

Sources: Cohen, "A coefficient of agreement for nominal scales", 1960 (scikit-learn's); Krippendorff, "Content
Analysis", 2004, nominal (the library krippendorff's).
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.api import Intent
    from workbench.api.review import Ballot, Outcome

    Labels = frozenset[Intent]

ALONE = "only one annotator has labelled: there is nobody to compare with"
APART = "no task has the labels of two annotators"
CONSTANT = "all labels are the same, so chance alone explains them"


@dataclass(frozen=True)
class Pair:
    """Two annotators.

    Args:
        annotators: their ids.
        tasks: that both labelled.
        agreed: of those, where they say the same.
        kappa: Cohen's, 1 = always the same, 0 = as by chance; None where it says nothing.
        note: why kappa is None.
    """

    annotators: tuple[str, str]
    tasks: int
    agreed: int
    kappa: float | None
    note: str | None


@dataclass(frozen=True)
class OfIntent:
    """One intent against all others.

    Args:
        intent: its name.
        tasks: labelled by several annotators, at least one of whom gives it.
        agreed: of those, where all do.
        alpha: Krippendorff's; None where it says nothing.
        note: why alpha is None.
    """

    intent: Intent
    tasks: int
    agreed: int
    alpha: float | None
    note: str | None


@dataclass(frozen=True)
class Dispute:
    """A task on which annotators differ, and what its votes amount to."""

    ballot: Ballot
    outcome: Outcome


@dataclass(frozen=True)
class AgreementFigures:
    """How far the annotators of a source agree.

    Args:
        annotators: id -> tasks labelled.
        anonymous: votes without an annotator, which are left out.
        tasks: that somebody labelled.
        shared: of those, labelled by several annotators.
        agreed: of those, where all say the same.
        alpha: Krippendorff's, over all shared tasks; None where it says nothing.
        note: why alpha is None.
        pairs: each two annotators.
        intents: those given on shared tasks, the least agreed first.
        disputes: the shared tasks on which not all say the same.
    """

    annotators: Mapping[str, int]
    anonymous: int
    tasks: int
    shared: int
    agreed: int
    alpha: float | None
    note: str | None
    pairs: Sequence[Pair]
    intents: Sequence[OfIntent]
    disputes: Sequence[Dispute]


def measure_agreement(ballots: Sequence[Ballot], outcomes: Sequence[Outcome]) -> AgreementFigures:
    """Measure the agreement; a task whose outcome is `empty` counts as not labelled."""
    labelled = [
        (Dispute(ballot, outcome), [vote for vote in ballot.votes if vote.intents is not None])
        for ballot, outcome in zip(ballots, outcomes, strict=True)
        if outcome.reason != "empty"
    ]
    by_person = [
        ({vote.annotator: frozenset(vote.labels) for vote in votes if vote.annotator is not None}, task)
        for task, votes in labelled
    ]
    shared = [given for given, _ in by_person if len(given) > 1]
    counts = Counter(person for given, _ in by_person for person in given)
    people = {person: counts[person] for person in sorted(counts, key=id_order)}
    disputes = [task for given, task in by_person if len(set(given.values())) > 1]
    alpha = _alpha_of_all(shared)
    return AgreementFigures(
        people,
        sum(vote.annotator is None for _, votes in labelled for vote in votes),
        len(labelled),
        len(shared),
        len(shared) - len(disputes),
        alpha,
        None if alpha is not None else CONSTANT if shared else ALONE if len(people) == 1 else APART,
        _pairs(shared, list(people)),
        _intents(shared),
        disputes,
    )


def id_order(name: str) -> tuple[int, str]:
    """A key that sorts ids by their number; others come last."""
    return (int(name), "") if name.isascii() and name.isdecimal() else (sys.maxsize, name)


def _pairs(shared: Sequence[Mapping[str, Labels]], people: Sequence[str]) -> list[Pair]:
    both: defaultdict[tuple[str, str], list[tuple[Labels, Labels]]] = defaultdict(list)
    for said in shared:
        for one, other in itertools.combinations(sorted(said, key=id_order), 2):
            both[one, other].append((said[one], said[other]))
    return [_pair(couple, both[couple]) for couple in itertools.combinations(people, 2)]


def _pair(couple: tuple[str, str], votes: Sequence[tuple[Labels, Labels]]) -> Pair:
    kinds = {said: number for number, said in enumerate(dict.fromkeys(itertools.chain.from_iterable(votes)))}
    agreed = sum(one == other for one, other in votes)
    if len(kinds) < 2:
        return Pair(couple, len(votes), agreed, None, CONSTANT if votes else APART)
    kappa = cohen_kappa_score([kinds[one] for one, _ in votes], [kinds[other] for _, other in votes])
    return Pair(couple, len(votes), agreed, float(kappa), None)


def _intents(shared: Sequence[Mapping[str, Labels]]) -> list[OfIntent]:
    given: defaultdict[Intent, Counter[int]] = defaultdict(Counter)
    for place, said in enumerate(shared):
        for intents in said.values():
            for intent in intents:
                given[intent][place] += 1
    voters = np.array([len(said) for said in shared])
    measured = [_intent(intent, votes, voters) for intent, votes in given.items()]
    return sorted(measured, key=lambda one: (one.alpha is None, one.alpha, -one.tasks, str(one.intent)))


def _intent(intent: Intent, votes: Mapping[int, int], voters: NDArray[Any]) -> OfIntent:
    agreed = sum(count == voters[place] for place, count in votes.items())
    alpha = _alpha(votes, voters)
    return OfIntent(intent, len(votes), int(agreed), alpha, CONSTANT if alpha is None else None)


def _alpha_of_all(shared: Sequence[Mapping[str, Labels]]) -> float | None:
    """Alpha over all kinds of votes.

    Nominal alpha is the mean of the alphas of each kind against the rest, weighted by the disagreement that chance
    would bring, n_c (n - n_c) for a kind with n_c of n votes; so the library needs no table of tasks x kinds x kinds,
    which takes gigabytes for 10,000 tasks of 100 intents.
    """
    given: defaultdict[Labels, Counter[int]] = defaultdict(Counter)
    for place, said in enumerate(shared):
        for intents in said.values():
            given[intents][place] += 1
    voters = np.array([len(said) for said in shared])
    total = voters.sum()
    by_kind = [(_alpha(votes, voters), sum(votes.values())) for votes in given.values()]
    weighed = [(alpha, count * (total - count)) for alpha, count in by_kind if alpha is not None]
    if not weighed:
        return None
    return float(sum(alpha * weight for alpha, weight in weighed) / sum(weight for _, weight in weighed))


def _alpha(votes: Mapping[int, int], voters: NDArray[Any]) -> float | None:
    """Alpha of one kind of vote against the rest; None if there is no rest.

    Args:
        votes: how many there are on a task, by its place.
        voters: annotators, by task.
    """
    counts = np.zeros(len(voters), dtype=np.int64)
    counts[list(votes)] = list(votes.values())
    if counts.sum() == voters.sum():
        return None
    table = np.stack([counts, voters - counts], axis=1)
    return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))
