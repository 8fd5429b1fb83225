"""What a candidate loses: both models answer the same rows, so only those count on which one is right and one wrong.

Of n rows b are right in the uncompressed model only and c in the compressed one only. The interval is Wald's with one
row added to b and to c (Bonett & Price 2012, Journal of Educational and Behavioral Statistics 37:479), which is honest
where few rows differ, too: with none at all something may be lost still. McNemar's exact test on b and c, which tells
whether the two models differ at all, is reported beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

SHOWN = 0.95


@dataclass(frozen=True)
class Pairs:
    """The rows that both models answered.

    Args:
        rows: how many.
        lost: those that only the uncompressed model has right.
        won: those that only the compressed one has right.
    """

    rows: int
    lost: int
    won: int

    @classmethod
    def of(cls, before: Flags, after: Flags) -> Pairs:
        """Counted from whether the uncompressed and the compressed model are right, a row each."""
        return cls(len(before), int((before & ~after).sum()), int((~before & after).sum()))


@dataclass(frozen=True)
class Drop:
    """Points of accuracy that are lost; negative where something is won.

    Args:
        points: the estimate.
        low: lower end of its 95 % interval.
        high: upper end.
        bound: what is lost at most with the confidence that was asked for, one-sided.
        p: McNemar's exact p-value, two-sided.
    """

    points: float
    low: float
    high: float
    bound: float
    p: float


def judge(pairs: Pairs, confidence: float) -> Drop:
    """The drop from one model to another.

    Args:
        pairs: of the answers of both.
        confidence: of `bound`; at 0.5 it is the estimate itself.
    """
    from scipy.stats import binomtest, norm

    lost, won = pairs.lost, pairs.won
    rows, b, c = pairs.rows + 2, lost + 1, won + 1
    middle, error = (b - c) / rows, math.sqrt((b + c) / rows - ((b - c) / rows) ** 2) / math.sqrt(rows)
    tail = (1 - SHOWN) / 2
    low, high, bound = (100 * (middle + float(norm.ppf(q)) * error) for q in (tail, 1 - tail, confidence))
    estimate = 100 * (lost - won) / pairs.rows
    p = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
    return Drop(estimate, low, high, max(bound, estimate), p)
