"""How far annotators agree: Cohen's kappa of each pair, Krippendorff's alpha of all and of each intent.

Of several votes of an annotator on one task the last one that gives an intent counts.

Sources: Cohen, "A coefficient of agreement for nominal scales", 1960 (scikit-learn's); Krippendorff, "Content
Analysis", 2004, nominal (the library krippendorff's).
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

from workbench_review.consolidation import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.api import Intent
    from workbench.api.review import Ballot, Outcome, Vote

    Labels = frozenset[Intent]
    Said = Mapping[str, Labels]  # annotator -> what they say of a task

ALONE = "only one annotator has labelled: there is nobody to compare with"
APART = "no task has the labels of two annotators"
CONSTANT = "all labels are the same, so chance alone explains them"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Pair:
    """Two annotators: the tasks that both labelled, and on how many of these they agree.

    Args:
        kappa: Cohen's, 1 = always the same, 0 = as by chance; None where it says nothing, with the reason in `note`.
    """

    annotators: tuple[str, str]
    tasks: int
    agreed: int
    kappa: float | None
    note: str | None


@dataclass(frozen=True)
class OfIntent:
    """One intent against all others: the shared tasks on which somebody gives it, and on how many of these all do.

    Args:
        alpha: Krippendorff's; None where it says nothing, with the reason in `note`.
    """

    intent: Intent
    tasks: int
    agreed: int
    alpha: float | None
    note: str | None


@dataclass(frozen=True)
class Dispute:
    """A task on which annotators differ, their votes, and what the policy makes of these (see `Outcome`)."""

    task: str
    text: str
    votes: Sequence[Vote]
    policy: str
    intents: tuple[Intent, ...] | None
    reason: str | None


@dataclass(frozen=True)
class AgreementFigures:
    """How far the annotators of a source agree.

    Args:
        annotators: id -> tasks labelled.
        anonymous: votes without an annotator, which are left out.
        tasks: that somebody labelled.
        shared: of those, labelled by several annotators.
        agreed: of those, where all say the same.
        agreement: the share of those; None where no task is shared.
        alpha: Krippendorff's, over all shared tasks; None where it says nothing, with the reason in `note`.
        pairs: each two annotators.
        intents: those given on shared tasks, the least agreed first.
        disagreements: the shared tasks on which not all say the same.
    """

    annotators: Mapping[str, int]
    anonymous: int
    tasks: int
    shared: int
    agreed: int
    agreement: float | None
    alpha: float | None
    note: str | None
    pairs: Sequence[Pair]
    intents: Sequence[OfIntent]
    disagreements: Sequence[Dispute]


def measure_agreement(ballots: Sequence[Ballot], outcomes: Sequence[Outcome], policy: str) -> AgreementFigures:
    """Measure the agreement; a task whose outcome by the policy is `empty` counts as not labelled."""
    labelled = [
        Dispute(ballot.task, ballot.text, counted(ballot.votes), policy, outcome.intents, outcome.reason)
        for ballot, outcome in zip(ballots, outcomes, strict=True)
        if outcome.reason != "empty"
    ]
    by_task = [
        {vote.annotator: frozenset(vote.labels) for vote in task.votes if vote.annotator is not None}
        for task in labelled
    ]
    shared = [said for said in by_task if len(said) > 1]
    counts = Counter(itertools.chain.from_iterable(by_task))
    people = {person: counts[person] for person in sorted(counts, key=_id_order)}
    disputes = [task for task, said in zip(labelled, by_task, strict=True) if len(set(said.values())) > 1]
    agreed, alpha = len(shared) - len(disputes), _alpha_of_all(shared)
    return AgreementFigures(
        people,
        sum(vote.annotator is None for task in labelled for vote in task.votes),
        len(labelled),
        len(shared),
        agreed,
        agreed / len(shared) if shared else None,
        alpha,
        None if alpha is not None else CONSTANT if shared else ALONE if len(people) == 1 else APART,
        [_pair(couple, shared) for couple in itertools.combinations(people, 2)],
        _intents(shared),
        disputes,
    )


def _id_order(name: str) -> tuple[int, str]:
    """A key that sorts ids by their number; others come last."""
    return (int(name), "") if name.isascii() and name.isdecimal() else (sys.maxsize, name)


def _pair(couple: tuple[str, str], shared: Sequence[Said]) -> Pair:
    one, other = couple
    votes = [(said[one], said[other]) for said in shared if one in said and other in said]
    kinds = {said: number for number, said in enumerate(dict.fromkeys(itertools.chain.from_iterable(votes)))}
    agreed = sum(first == second for first, second in votes)
    if len(kinds) < 2:
        return Pair(couple, len(votes), agreed, None, CONSTANT if votes else APART)
    kappa = cohen_kappa_score([kinds[first] for first, _ in votes], [kinds[second] for _, second in votes])
    return Pair(couple, len(votes), agreed, float(kappa), None)


def _intents(shared: Sequence[Said]) -> list[OfIntent]:
    voters, measured = _voters(shared), []
    for intent, votes in _places(itertools.chain.from_iterable(said.values()) for said in shared).items():
        agreed = sum(count == voters[place] for place, count in votes.items())
        alpha = _alpha(votes, voters)
        measured.append(OfIntent(intent, len(votes), int(agreed), alpha, CONSTANT if alpha is None else None))
    return sorted(measured, key=lambda one: (one.alpha is None, one.alpha, -one.tasks, str(one.intent)))


def _alpha_of_all(shared: Sequence[Said]) -> float | None:
    """Alpha over all kinds of votes.

    Nominal alpha is the mean of the alphas of each kind against the rest, weighted by the disagreement that chance
    would bring, n_c (n - n_c) for a kind with n_c of n votes; so the library needs no table of tasks x kinds x kinds,
    which takes gigabytes for 10,000 tasks of 100 intents.
    """
    voters = _voters(shared)
    by_kind = [(_alpha(votes, voters), votes.total()) for votes in _places(said.values() for said in shared).values()]
    weighed = [(alpha, count * (voters.sum() - count)) for alpha, count in by_kind if alpha is not None]
    if not weighed:
        return None
    return float(sum(alpha * weight for alpha, weight in weighed) / sum(weight for _, weight in weighed))


def _voters(shared: Sequence[Said]) -> NDArray[Any]:
    """Annotators, by task."""
    return np.array([len(said) for said in shared])


def _places(values: Iterable[Iterable[Value]]) -> Mapping[Value, Counter[int]]:
    """Value -> how often it is given on a task, by the task's place."""
    given: defaultdict[Value, Counter[int]] = defaultdict(Counter)
    for place, some in enumerate(values):
        for value in some:
            given[value][place] += 1
    return given


def _alpha(votes: Mapping[int, int], voters: NDArray[Any]) -> float | None:
    """Alpha of one kind of vote against the rest, see `_places`; None if there is no rest."""
    counts = np.zeros(len(voters), dtype=np.int64)
    counts[list(votes)] = list(votes.values())
    if counts.sum() == voters.sum():
        return None
    table = np.stack([counts, voters - counts], axis=1)
    return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))
