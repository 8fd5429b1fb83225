"""What was to be reached, and what a comparison says of it; a speed or a size counts only beside its accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.compress_rivals import ALONE, TOGETHER

INT8, PIPELINE = "optimum dynamic int8", "transformers.pipeline"
TUNED = "our fine-tune in torch"
MINUTES = 60.0  # of a search
SCORE = 1e-6  # how much a score may depend on the texts beside


@dataclass(frozen=True)
class Target:
    """What one of ours is to reach.

    Args:
        within: points of test accuracy that it may lose against our fine-tune.
        times: as many times as fast as a rival; a second number is the stretch.
        megabytes: the most that it may have.
    """

    within: float
    times: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    megabytes: float | None = None


TARGETS = {
    "banking77": {
        "drop 0.5": Target(0.5, {INT8: (3.0, 5.0), PIPELINE: (12.0, 25.0)}, 10.0),
        "drop 1.0": Target(1.0, {INT8: (4.0,), PIPELINE: (16.0,)}),
        "uncut int8": Target(0.5, {INT8: (1.3,)}),
    },
    "smp2017": {f"drop {budget}": Target(1.0, {"uncut fp32": (6.0,)}, 30.0) for budget in ("0.5", "1.0")},
}


def verdicts(data: str, found: Mapping[str, Any]) -> Iterator[str]:
    """A line for each target, and for each one's accuracy.

    Args:
        data: of which dataset.
        found: the comparison's record.
    """
    for name, target in TARGETS[data].items():
        if name not in found["bytes"]:
            continue
        lost = {way: drop(found, way, name) for way in (ALONE, TOGETHER)}
        kept = {way: points <= target.within for way, points in lost.items()}
        for way, points in lost.items():
            yield f"{name}, {way}: {points:.2f} points lost on test, at most {target.within}: {said(kept[way])}"
        for way in (ALONE, TOGETHER):
            for rival, wanted in target.times.items():
                ratio = found[way]["ratios"].get(f"{name} / {rival}")
                if ratio is None:
                    yield f"{name}, {way}, {rival}: NOT MEASURED, the rival is absent"
                    continue
                for least, what in zip(wanted, ("target", "stretch"), strict=False):
                    reached = said(ratio["median"] >= least, kept[way])
                    yield f"{name}, {way}, times {rival}: {ratio['median']:.2f}, {what} {least}: {reached}"
        if target.megabytes is not None:
            size = found["bytes"][name] / 1e6
            reached = said(size <= target.megabytes, all(kept.values()))
            yield f"{name}: {size:.1f} MB, target {target.megabytes}: {reached}"
    for name, seen in found["batch invariance"].items():
        changes, difference = seen["label changes"], seen["largest difference of a score"]
        yield f"{name}, {seen['texts']} texts: {changes} labels change among others, target 0: {said(changes == 0)}"
        yield f"{name}: a score differs by up to {difference:.1e}, target {SCORE:.0e}: {said(difference <= SCORE)}"


def of_search(name: str, found: Mapping[str, Any]) -> str:
    """Whether a search took less than an hour."""
    minutes = found["seconds"] / 60
    return f"search, drop {name}: {minutes:.1f} minutes, target < {MINUTES:g}: {said(minutes < MINUTES)}"


def drop(found: Mapping[str, Any], way: str, name: str) -> float:
    """Points of test accuracy below our fine-tune."""
    accuracy = found[way]["test accuracy"]
    return round(100 * (accuracy[TUNED] - accuracy[name]), 6)


def said(reached: bool, kept: bool = True) -> str:
    """The verdict; what is reached at the cost of too much accuracy is not."""
    return "MISSED" if not reached else "reached" if kept else "MISSED, for its accuracy is too low"
