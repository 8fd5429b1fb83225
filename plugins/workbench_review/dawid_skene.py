"""Consolidation by the errors of each annotator: Dawid & Skene 1979, as crowd-kit computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

from workbench.api.review import Ballot, Consolidated, Outcome
from workbench_review.consolidation import DISAGREEMENT, EMPTY, counted, outcome_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench.api import Intent

    Numbers = npt.NDArray[np.float64]

ITERATIONS = 100
TIE = 1e-6  # two labels whose probabilities differ less are equally probable


def consolidate(ballots: Sequence[Ballot]) -> Consolidated:
    """Take the most probable label of each text; a vote of several intents is a label of its own.

    Nobody knows who gave two anonymous votes, so that each counts as one of an annotator of its own.
    """
    labels = sorted({_label(vote.labels) for ballot in ballots for vote in counted(ballot.votes)}, key=repr)
    number = {label: place for place, label in enumerate(labels)}
    votes = [
        (place, (place, order) if vote.annotator is None else vote.annotator, number[_label(vote.labels)])
        for place, ballot in enumerate(ballots)
        for order, vote in enumerate(counted(ballot.votes))
    ]
    if not votes:
        return Consolidated([EMPTY] * len(ballots))
    table = pd.DataFrame(votes, columns=["task", "worker", "label"])
    found = DawidSkene(n_iter=ITERATIONS).fit_predict_proba(table).sort_index(axis=1)
    rows = dict(zip(found.index, found.to_numpy(), strict=True))
    columns = [labels[column] for column in found.columns]
    return Consolidated([_outcome(rows[place], columns) if place in rows else EMPTY for place in range(len(ballots))])


def _label(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    return tuple(sorted(intents, key=repr))


def _outcome(probabilities: Numbers, labels: Sequence[tuple[Intent, ...]]) -> Outcome:
    ranked = np.argsort(-probabilities, kind="stable")
    if len(ranked) > 1 and probabilities[ranked[0]] - probabilities[ranked[1]] < TIE:
        return DISAGREEMENT
    return outcome_of(labels[ranked[0]])
