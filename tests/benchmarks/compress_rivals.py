"""A rival in the comparison, asked in two ways; and the race, in which all meet the same minutes of the machine."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.records import spread
from workbench.nouns.predictor import Predictor

ALONE, TOGETHER = "one text a call", "together"
CHUNK = 50  # texts of one rival before the next one's turn


@dataclass(frozen=True)
class Rival:
    """Something that answers texts; tokenising is part of it.

    Args:
        ask: the index of a text's intent.
        ask_all: those of many texts, in the system's own best way.
        bytes: of all files that it is served from.
    """

    ask: Callable[[str], int]
    ask_all: Callable[[Sequence[str]], list[int]]
    bytes: int

    def answers(self, way: str, texts: Sequence[str]) -> list[int]:
        """Indices of intents, asked `one text a call` or `together`."""
        return [self.ask(text) for text in texts] if way == ALONE else self.ask_all(texts)


def own(predictor: Predictor, size: int) -> Rival:
    """One of our models or bundles."""
    return Rival(
        lambda text: int(predictor.logits([text])[0].argmax()),
        lambda texts: predictor.logits(list(texts)).argmax(1).tolist(),
        size,
    )


def race(
    opened: Callable[[], Mapping[str, Rival]],
    texts: Sequence[str],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """By way: texts a second of each rival in each round; and the milliseconds of every text that was asked alone.

    In a round the rivals take turns on chunks of the texts, then each gets all of them at once. Each round opens them
    anew, for of two sessions of one and the same graph one may take 7 % longer than the other.
    """
    speeds: dict[str, dict[str, list[float]]] = {ALONE: defaultdict(list), TOGETHER: defaultdict(list)}
    every: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        rivals = opened()
        for rival in rivals.values():
            rival.answers(ALONE, texts[:20])
            rival.ask_all(texts)
        seconds = dict.fromkeys(rivals, 0.0)
        for start in range(0, len(texts), CHUNK):
            for name, rival in rivals.items():
                for text in texts[start : start + CHUNK]:
                    begun = clock()
                    rival.ask(text)
                    every[name].append(1000 * (clock() - begun))
                    seconds[name] += every[name][-1] / 1000
        for name, rival in rivals.items():
            begun = clock()
            rival.ask_all(texts)
            speeds[TOGETHER][name].append(len(texts) / (clock() - begun))
            speeds[ALONE][name].append(len(texts) / seconds[name])
    return {"speeds": speeds, "milliseconds": every}


def summed(speeds: Mapping[str, list[float]], ours: Sequence[str]) -> dict[str, Any]:
    """Texts a second, and the ratio of each of ours to every other rival, round by round."""
    return {
        "texts a second": {name: spread(values) for name, values in speeds.items()},
        "ratios": {
            f"{name} / {other}": spread([a / b for a, b in zip(speeds[name], speeds[other], strict=True)])
            for name in ours
            for other in speeds
            if other != name
        },
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return dict(zip(("p50", "p95"), map(float, np.percentile(values, [50, 95])), strict=True))


def size_of(*places: Path) -> int:
    """Bytes of files, and of all files in folders."""
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else (place,)) if path.is_file()]
    return sum(path.stat().st_size for path in files)
