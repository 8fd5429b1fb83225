"""A scatter of candidates: where each point, line and tick of the drawing is; a template makes SVG of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

SHOWN = 0.025  # accuracies further below the budget stand on the bottom edge
TICKS = 6
ROOM = 1.25  # beside the outermost marks, as a ratio
KINDS = ("broken", "kept", "peer", "chosen")  # the later ones matter more


@dataclass(frozen=True)
class Picture:
    """A drawing of candidates by accuracy and by a number that had better be small.

    The axis of the number is logarithmic: ratios count there.

    Args:
        title: what the number is, in English and in Chinese.
        candidates: from the measurements.
        along: the number of a candidate.
        least: the accuracy that the budget asks for.
        most: the budget of the number, None or 0 without one.
    """

    width: ClassVar = 520
    height: ClassVar = 340
    left: ClassVar = 52
    right: ClassVar = 504
    top: ClassVar = 14
    bottom: ClassVar = 306

    title: tuple[str, str]
    candidates: Sequence[Mapping[str, Any]]
    along: Callable[[Mapping[str, Any]], float]
    least: float
    most: float | None = None

    @property
    def marks(self) -> list[Mapping[str, Any]]:
        """The candidates, those that matter most last, on top of the others."""
        return sorted(self.candidates, key=lambda c: KINDS.index(kind(c)))

    def x(self, value: float) -> float:
        """The place of a number."""
        first, last = map(math.log, self._reach)
        return round(self.left + (math.log(value) - first) / (last - first) * (self.right - self.left), 1)

    def y(self, accuracy: float) -> float:
        """The place of an accuracy; one that is too low for the drawing stands on its edge."""
        high = self._heights[1]
        return round(self.top + (high - max(accuracy, self.low)) / (high - self.low) * (self.bottom - self.top), 1)

    @property
    def low(self) -> float:
        """The lowest accuracy that the drawing shows."""
        return self._heights[0]

    @property
    def front(self) -> str:
        """The steps along those that nothing beats in both, as an SVG path."""
        path, best = "", -math.inf
        for c in sorted(self.candidates, key=lambda c: (self.along(c), -c["accuracy"])):
            if c["accuracy"] > best and c["accuracy"] >= self.low:
                best = c["accuracy"]
                x, y = self.x(self.along(c)), self.y(best)
                path += f"H{x}V{y}" if path else f"M{x},{y}"
        return f"{path}H{self.right}"

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """Places and words of the numbers 1, 2 and 5 times a power of ten."""
        low, high = self._reach
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        numbers = [(factor * 10.0**power, max(0, -power)) for power in powers for factor in (1, 2, 5)]
        return [(self.x(number), f"{number:.{digits}f}") for number, digits in numbers if low <= number <= high]

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """Places and words of about six round percentages."""
        low, high = (100 * accuracy for accuracy in self._heights)
        rough = (high - low) / TICKS
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        return [(self.y(n * step / 100), f"{n * step:.{digits}f}") for n in numbers]

    @cached_property
    def _reach(self) -> tuple[float, float]:
        reach = [*map(self.along, self.candidates), *([self.most] if self.most else [])]
        return min(reach) / ROOM, max(reach) * ROOM

    @cached_property
    def _heights(self) -> tuple[float, float]:
        accuracies = [self.least, *(c["accuracy"] for c in self.candidates)]
        low, high = max(min(accuracies), self.least - SHOWN), max(accuracies)
        margin = max(0.08 * (high - low), 0.002)
        return max(0.0, low - margin), min(1.0, high + margin)


def kind(candidate: Mapping[str, Any]) -> str:
    """How a candidate is marked."""
    if candidate["chosen"]:
        return "chosen"
    if candidate["peer"]:
        return "peer"
    return "broken" if candidate["misses"] else "kept"
