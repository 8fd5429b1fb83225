"""A scatter of candidates: where each point, line and tick of the drawing is; a template makes SVG of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 520, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 34
SHOWN = 0.025  # accuracies further below the budget stand on the bottom edge
TICKS = 6
ROOM = 1.25  # beside the outermost marks, as a ratio


@dataclass(frozen=True)
class Point:
    """A candidate's mark.

    Args:
        x: from the left.
        y: from the top.
        name: of the candidate.
        kind: `chosen`, `peer`, `kept` or `broken`.
        below: whether its accuracy is lower than the drawing shows.
        end: whether its label stands to its left.
    """

    x: float
    y: float
    name: str
    kind: str
    below: bool
    end: bool


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Args:
        title: what lies along x, in English and in Chinese.
        points: the marks, those that matter most last.
        front: the path of the best, as an SVG path.
        x_ticks: (place, words).
        y_ticks: (place, words).
        least: where the accuracy budget is.
        most: where the budget along x is, None without one, or where it is 0: a logarithm has no place for that.
    """

    title: tuple[str, str]
    points: list[Point]
    front: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    least: float
    most: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw(
    candidates: Sequence[Mapping[str, Any]],
    along: Callable[[Mapping[str, Any]], float],
    least: float,
    most: float | None,
    title: tuple[str, str],
) -> Picture:
    """Draw candidates by accuracy and by the figure `along`, on a logarithmic axis.

    Args:
        candidates: from the measurements.
        along: a number of a candidate that had better be small.
        least: the accuracy that the budget asks for.
        most: the budget of what `along` gives.
        title: of the x axis.
    """
    reach = [*(along(c) for c in candidates), *([most] if most else [])]
    first, last = math.log(min(reach) / ROOM), math.log(max(reach) * ROOM)
    accuracies = [c["accuracy"] for c in candidates]
    high = max(*accuracies, least)
    low = max(min(*accuracies, least), least - SHOWN)
    margin = max(0.08 * (high - low), 0.002)
    high, low = min(1.0, high + margin), max(0.0, low - margin)

    def x(value: float) -> float:
        return round(LEFT + (math.log(value) - first) / (last - first) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return float(round(TOP + (high - max(value, low)) / (high - low) * (HEIGHT - TOP - BOTTOM), 1))

    points = [
        Point(x(along(c)), y(c["accuracy"]), c["name"], kind(c), c["accuracy"] < low, x(along(c)) > WIDTH * 0.6)
        for c in candidates
    ]
    order = ("broken", "kept", "peer", "chosen")
    return Picture(
        title,
        sorted(points, key=lambda point: order.index(point.kind)),
        front([(along(c), c["accuracy"]) for c in candidates if c["accuracy"] >= low], x, y),
        [(x(value), words) for value, words in decades(math.exp(first), math.exp(last))],
        [(y(value / 100), words) for value, words in ticks(100 * low, 100 * high)],
        y(least),
        x(most) if most else None,
    )


def kind(candidate: Mapping[str, Any]) -> str:
    """How a candidate is marked."""
    if candidate["chosen"]:
        return "chosen"
    if candidate["peer"]:
        return "peer"
    return "broken" if candidate["misses"] else "kept"


def front(places: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """The steps along those that nothing beats in both, as an SVG path."""
    path, best = "", -math.inf
    for value, accuracy in sorted(places, key=lambda place: (place[0], -place[1])):
        if accuracy > best:
            path += f"H{x(value)}V{y(accuracy)}" if path else f"M{x(value)},{y(accuracy)}"
            best = accuracy
    return f"{path}H{WIDTH - RIGHT}"


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers from `low` to `high`, about six, with their words."""
    rough = (high - low) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [(n * step, f"{n * step:.{digits}f}") for n in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[tuple[float, str]]:
    """The numbers 1, 2 and 5 times a power of ten from `low` to `high`, with their words."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        (factor * 10.0**power, f"{factor * 10.0**power:.{max(0, -power)}f}")
        for power in powers
        for factor in (1, 2, 5)
        if low <= factor * 10.0**power <= high
    ]
