"""Screening: which architectures are worth pruning, and which pruned models are worth training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from workbench_compress.space.architecture import Architecture

ALIKE = 0.02  # times closer than this share of each other are not told apart
HOPE = 0.25
Measure = Callable[[Architecture], float]


def undominated(architectures: Sequence[Architecture], time: Measure) -> list[Architecture]:
    """Those for which no other one has at least as much of everything and takes no longer."""
    return [
        a
        for a in architectures
        if not any(a != b and a.within(b) and time(b) <= time(a) * (1 + ALIKE) for b in architectures)
    ]


def pareto_front(architectures: Sequence[Architecture], time: Measure, divergence: Measure) -> list[Architecture]:
    """Those for which no other one is both as fast and as near to the baseline model, the fastest first."""
    best, kept = math.inf, []
    for a in sorted(architectures, key=lambda a: (time(a), divergence(a), a.order)):
        if divergence(a) < best:
            best = divergence(a)
            kept.append(a)
    return kept


def spaced(architectures: Sequence[Architecture], time: Measure, most: int) -> list[Architecture]:
    """Up to `most` of them, evenly by the logarithm of their time, and rather not the outermost; the fastest first."""
    left = sorted(architectures, key=lambda a: (time(a), a.order))
    if len(left) <= most:
        return left
    low, high = math.log(time(left[0])), math.log(time(left[-1]))
    chosen: list[Architecture] = []
    for number in range(most):
        wanted = low + (high - low) * (number + 0.5) / most
        free = [a for a in left if a not in chosen]
        chosen.append(min(free, key=lambda a: (abs(math.log(time(a)) - wanted), a.order)))
    return sorted(chosen, key=lambda a: (time(a), a.order))


def worth_more(
    trained: Sequence[Architecture],
    missing: Mapping[Architecture, float],
    before: Mapping[Architecture, float],
    time: Measure,
    fastest: float,
) -> list[Architecture]:
    """Of those beyond a budget of predictions and faster than all that keep every budget, the better half, best first.

    One is given up whose last round, of twice the epochs, won back less than a quarter of what is missing.

    Args:
        trained: in the last round.
        missing: points by which the predictions of each are beyond their budgets, in its best round.
        before: the same before the last round; infinite before the first.
        time: predicted milliseconds.
        fastest: predicted milliseconds of the fastest one that keeps every budget.
    """
    left = [a for a in trained if missing[a] > 0 and time(a) < fastest and before[a] - missing[a] >= HOPE * missing[a]]
    return sorted(left, key=lambda a: (missing[a], a.order))[: math.ceil(len(left) / 2)]
