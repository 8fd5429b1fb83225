"""What a candidate loses: both models answer the same rows, so only those count on which one is right and one wrong.

The interval is a bootstrap over rows (Efron & Tibshirani 1993, chapter 13): a resampled drop is (b - c) / n, where b
and c, the rows that only the uncompressed and only the compressed model gets right, are drawn from a multinomial of
their shares. With no such row nothing is lost, and the interval is 0. McNemar's exact test on b and c, which tells
whether the two models differ at all, is reported beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

DRAWS = 20_000
SHOWN = 0.95


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


def judge(before: Flags, after: Flags, confidence: float, seed: int) -> Drop:
    """The drop from one model to another on the same rows.

    Args:
        before: whether the uncompressed model is right, a row each.
        after: whether the compressed one is.
        confidence: of `bound`; at 0.5 it is the estimate itself.
        seed: of the bootstrap.
    """
    from scipy.stats import binomtest

    n, lost, won = len(before), int((before & ~after).sum()), int((~before & after).sum())
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, [lost / n, won / n, 1 - (lost + won) / n], size=DRAWS)
    points = 100 * (drawn[:, 0] - drawn[:, 1]) / n
    tail = (1 - SHOWN) / 2
    estimate = 100 * (lost - won) / n
    low, high, bound = (float(np.quantile(points, q)) for q in (tail, 1 - tail, confidence))
    p = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
    return Drop(estimate, low, high, max(bound, estimate), p)
