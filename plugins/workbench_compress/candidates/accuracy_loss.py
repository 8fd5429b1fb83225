"""The accuracy that a candidate loses against the baseline model, on rows that both predict.

Of n rows b are right in the baseline model only and c in the candidate only; the other rows say nothing of a
difference. The interval is Wald's with one row added to b and to c (Bonett & Price 2012, Journal of Educational and
Behavioral Statistics 37:479). It stays honest where few rows differ: even with none, something may be lost. McNemar's
exact test on b and c says whether the two models differ at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

INTERVAL = 0.95


@dataclass(frozen=True)
class Pairs:
    """The rows that both models predicted.

    Args:
        rows: how many.
        lost: rows that only the baseline model has right.
        won: rows that only the candidate has right.
    """

    rows: int
    lost: int
    won: int

    @classmethod
    def of(cls, baseline: Flags, candidate: Flags) -> Pairs:
        """Count the rows from whether each model is right, bool [n]."""
        return cls(len(baseline), int((baseline & ~candidate).sum()), int((~baseline & candidate).sum()))


@dataclass(frozen=True)
class AccuracyLoss:
    """Points of accuracy that are lost; negative where points are won.

    Args:
        points: the estimate.
        low: lower end of its 95 % interval.
        high: upper end.
        bound: the most that is lost, at the confidence level of the search, one-sided.
        p: McNemar's exact p-value, two-sided.
    """

    points: float
    low: float
    high: float
    bound: float
    p: float


def accuracy_loss(pairs: Pairs, confidence: float) -> AccuracyLoss:
    """Estimate the accuracy loss; at the confidence 0.5 `bound` is the estimate itself."""
    from scipy.stats import binomtest, norm

    lost, won = pairs.lost, pairs.won
    rows, b, c = pairs.rows + 2, lost + 1, won + 1
    middle, error = (b - c) / rows, math.sqrt((b + c) / rows - ((b - c) / rows) ** 2) / math.sqrt(rows)
    tail = (1 - INTERVAL) / 2
    low, high, bound = (100 * (middle + float(norm.ppf(q)) * error) for q in (tail, 1 - tail, confidence))
    estimate = 100 * (lost - won) / pairs.rows
    p = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
    return AccuracyLoss(estimate, low, high, max(bound, estimate), p)
