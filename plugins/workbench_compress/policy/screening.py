"""Screening: which of many architectures are worth a try."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from workbench_compress.space.architecture import Architecture

ALIKE = 0.02  # times closer than this share of each other are not told apart
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
