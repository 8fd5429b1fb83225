"""How far annotators agree: Cohen's kappa of each pair, Krippendorff's alpha of all and of each intent.

Of several votes of an annotator on one task the last one that gives an intent counts.

Sources: Cohen, "A coefficient of agreement for nominal scales", 1960 (scikit-learn's); Krippendorff, "Content
Analysis", 2004, nominal (the library krippendorff's).
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

from workbench_review.consolidation import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.api import Intent
    from workbench.api.review import Ballot, Outcome, Vote

    Labels = frozenset[Intent]
    Codes = NDArray[np.int64]  # [tasks, annotators]: number of the labels that are given

NONE = -1  # the annotator did not label the task
ALONE = "only one annotator has labelled: there is nobody to compare with"
APART = "no task has the labels of two annotators"
CONSTANT = "all labels are the same, so chance alone explains them"


@dataclass(frozen=True)
class Pair:
    """Two annotators: the tasks that both labelled, on how many of these they agree, and Cohen's kappa.

    1 = always the same, 0 = as by chance; None where kappa says nothing, with the reason in `note`.
    """

    annotators: tuple[str, str]
    tasks: int
    agreed: int
    kappa: float | None
    note: str | None


@dataclass(frozen=True)
class OfIntent:
    """One intent against all others: the shared tasks on which somebody gives it, and on how many of these all do.

    `alpha` is Krippendorff's; None where it says nothing, with the reason in `note`.
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
    intents: tuple[Intent, ...] | None
    reason: str | None


@dataclass(frozen=True)
class AgreementFigures:
    """How far the annotators of a source agree.

    Args:
        policy: name of the consolidation.
        annotators: id -> tasks labelled.
        anonymous: votes without an annotator, which are left out.
        tasks: that somebody labelled.
        shared: of those, labelled by several annotators.
        agreed: of those, where all say the same.
        agreement: the share of those; None where no task is shared.
        alpha: Krippendorff's, over all shared tasks; None where it says nothing, with the reason in `note`.
        pairs: each two annotators.
        intents: given on shared tasks, the least agreed first.
        disagreements: the shared tasks on which not all say the same.
    """

    policy: str
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
        Dispute(ballot.task, ballot.text, counted(ballot.votes), outcome.intents, outcome.reason)
        for ballot, outcome in zip(ballots, outcomes, strict=True)
        if outcome.reason != "empty"
    ]
    named = [[vote for vote in task.votes if vote.annotator is not None] for task in labelled]
    by_task = [{str(vote.annotator): frozenset(vote.labels) for vote in votes} for votes in named]
    counts = Counter(itertools.chain.from_iterable(by_task))
    people = sorted(counts, key=_id_order)
    shared = [said for said in by_task if len(said) > 1]
    disputes = [task for task, said in zip(labelled, by_task, strict=True) if len(set(said.values())) > 1]
    agreed = len(shared) - len(disputes)
    seen = itertools.chain.from_iterable(said.values() for said in shared)
    kinds = {labels: number for number, labels in enumerate(dict.fromkeys(seen))}
    codes = np.array([[kinds[said[one]] if one in said else NONE for one in people] for said in shared], np.int64)
    codes = codes.reshape(len(shared), len(people))
    alpha = _alpha_of_all(codes, len(kinds))
    return AgreementFigures(
        policy,
        {person: counts[person] for person in people},
        sum(len(task.votes) for task in labelled) - sum(map(len, named)),
        len(labelled),
        len(shared),
        agreed,
        agreed / len(shared) if shared else None,
        alpha,
        None if alpha is not None else CONSTANT if shared else ALONE if len(people) == 1 else APART,
        [_pair(two, codes[:, list(map(people.index, two))]) for two in itertools.combinations(people, 2)],
        _intents(codes, list(kinds)),
        disputes,
    )


def _id_order(name: str) -> tuple[int, str]:
    """A key that sorts ids by their number; others come last."""
    return (int(name), "") if name.isascii() and name.isdecimal() else (sys.maxsize, name)


def _pair(annotators: tuple[str, str], codes: Codes) -> Pair:
    one, two = codes[(codes != NONE).all(axis=1)].T
    agreed = int((one == two).sum())
    if len(np.union1d(one, two)) < 2:
        return Pair(annotators, len(one), agreed, None, CONSTANT if len(one) else APART)
    return Pair(annotators, len(one), agreed, float(cohen_kappa_score(one, two)), None)


def _intents(codes: Codes, kinds: Sequence[Labels]) -> list[OfIntent]:
    measured = []
    for intent in dict.fromkeys(itertools.chain.from_iterable(kinds)):
        gives = np.isin(codes, [number for number, labels in enumerate(kinds) if intent in labels])
        agreed = int((gives | (codes == NONE)).all(axis=1).sum())
        alpha = _alpha(gives, codes)
        note = CONSTANT if alpha is None else None
        measured.append(OfIntent(intent, int(gives.any(axis=1).sum()), agreed, alpha, note))
    return sorted(measured, key=lambda one: (one.alpha is None, one.alpha, -one.tasks, str(one.intent)))


def _alpha_of_all(codes: Codes, kinds: int) -> float | None:
    """Alpha over all kinds of votes; None where there are fewer than two.

    Nominal alpha is the mean of the alphas of each kind against the rest, weighted by the disagreement that chance
    would bring, n_c (n - n_c) for a kind with n_c of n votes; so the library needs no table of tasks x kinds x kinds,
    which takes gigabytes for 10,000 tasks of 100 intents.
    """
    if kinds < 2:
        return None
    counts = np.bincount(codes[codes != NONE])
    alphas = np.array([_alpha(codes == kind, codes) for kind in range(kinds)], np.float64)
    return float(np.average(alphas, weights=counts * (counts.sum() - counts)))


def _alpha(gives: NDArray[np.bool_], codes: Codes) -> float | None:
    """Alpha of one kind of vote against the rest; None if there is no rest.

    Args:
        gives: whether an annotator gives this kind to a task: [tasks, annotators].
        codes: all votes.
    """
    votes, voters = gives.sum(axis=1), (codes != NONE).sum(axis=1)
    if votes.sum() == voters.sum():
        return None
    table = np.stack([votes, voters - votes], axis=1)
    return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))
