"""Limits: the budgets of a search, and by how much a candidate exceeds each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workbench_compress.candidates.figures import Deviation, Figures
from workbench_compress.options import SearchOptions

MB = 1e6
ROUNDING = 1e-9


@dataclass(frozen=True)
class Limit:
    """A budget.

    Args:
        name: of the option.
        most: its value.
        unit: of both.
        value: what it limits, in the figures of a candidate.
        noise: share of the budget by which one measurement may be off.
        predictions: whether it limits what is predicted, which training can mend; else what serving costs.
    """

    name: str
    most: float
    unit: str
    value: Callable[[Any], float]
    noise: float = 0.0
    predictions: bool = False

    def over(self, figures: Deviation) -> float:
        """By how much a candidate is beyond the budget; 0 where it keeps it."""
        over = self.value(figures) - self.most
        return 0.0 if over <= ROUNDING else over

    def excess(self, figures: Deviation) -> float:
        """The same as a share of the budget."""
        return self.over(figures) / (self.most or 1.0)


def limits_of(options: SearchOptions) -> tuple[Limit, ...]:
    """The budgets that were given."""
    resources: tuple[tuple[str, float | None, str, Callable[[Figures], float], float], ...] = (
        ("max_latency_ms", options.max_latency_ms, "ms", lambda f: f.p95_ms, 0.3),
        ("max_size_mb", options.max_size_mb, "MB", lambda f: f.bytes / MB, 0.0),
        ("max_memory_mb", options.max_memory_mb, "MB", lambda f: f.memory_bytes / MB, 0.1),
    )
    limits = [Limit("max_drop", options.max_drop, "points", lambda f: f.accuracy_loss.bound, predictions=True)]
    if options.max_churn is not None:
        limits.append(Limit("max_churn", options.max_churn, "points", lambda f: 100 * f.disagreement, predictions=True))
    limits += [
        Limit(name, most, unit, value, noise) for name, most, unit, value, noise in resources if most is not None
    ]
    return tuple(limits)


def size_limits(limits: Iterable[Limit]) -> list[Limit]:
    """The budgets of size and memory."""
    return [limit for limit in limits if limit.name in ("max_size_mb", "max_memory_mb")]


def points_over(deviation: Deviation, limits: Iterable[Limit]) -> float:
    """Points by which predictions are beyond their budgets: what more training may mend."""
    return sum(limit.over(deviation) for limit in limits if limit.predictions)


def beyond_training(figures: Figures, limits: Iterable[Limit]) -> bool:
    """Whether a budget of time, size or memory is broken for certain: training mends none of these."""
    return any(limit.excess(figures) > limit.noise for limit in limits if not limit.predictions)
