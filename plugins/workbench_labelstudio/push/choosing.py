"""Which texts a human should look at first, by what a model says of them. Every choice is the same each time.

`uncertain`: the smallest margin between the two most probable intents (Scheffer et al. 2001; Settles 2009, section
3.1). `out-of-scope`: the largest energy, which is minus the logarithm of the sum of the exponentials of the logits (Liu
et al. 2020): what is like no training text excites no intent. `diverse`: of the most uncertain ones, each time the one
that is farthest from all that are labelled or chosen (k-center greedy, Sener & Savarese 2018), by the cosine of the
sentence vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.api import UsageProblem

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench_labelstudio.push.predictions import Item, Said

    Vectors = npt.NDArray[np.float32]

BLOCK = 4096  # labelled texts that are compared at once
FARTHEST = 2.0  # 1 - cosine
POOL = 10  # `diverse` chooses among so many times as many of the most uncertain texts
Answered = tuple["Item", "Said"]


@dataclass(frozen=True)
class Chosen:
    """A task that a human should look at.

    Args:
        item: the task.
        said: what the model says of it.
        figure: that it was chosen by.
        why: that figure, in words.
    """

    item: Item
    said: Said
    figure: float
    why: str


def choose(by: str, candidates: Sequence[Answered], labelled: Sequence[Answered], size: int) -> list[Chosen]:
    """The tasks to look at, the first one first.

    Args:
        by: `uncertain`, `diverse` or `out-of-scope`.
        candidates: the tasks to choose from, by rising id; of two that are alike the first one is taken.
        labelled: what is labelled already, for `diverse`.
        size: how many at most.

    Raises:
        UsageProblem: `diverse`, and the model has no sentence vectors.
    """
    if by == "out-of-scope":
        ranked = sorted(candidates, key=lambda entry: -energy(entry[1]))
        return [Chosen(item, said, energy(said), f"energy {energy(said):.2f}") for item, said in ranked[:size]]
    ranked = sorted(candidates, key=lambda entry: margin(entry[1]))
    if by == "uncertain":
        return [Chosen(item, said, margin(said), _margin_in_words(said)) for item, said in ranked[:size]]
    return _farthest(ranked[: size * POOL], labelled, size)


def margin(said: Said) -> float:
    """The probability of the most probable intent above that of the next; 1 where there is no next."""
    first, *others = [score for _, score in said.prediction.top]
    return first - others[0] if others else 1.0


def energy(said: Said) -> float:
    """Minus log sum exp of the logits, larger for what is less like the training texts (temperature 1)."""
    return -float(np.logaddexp.reduce(said.logits.astype(np.float64)))


def _farthest(pool: Sequence[Answered], labelled: Sequence[Answered], size: int) -> list[Chosen]:
    if not pool:
        return []
    vectors = _vectors(pool)
    distances = np.full(len(pool), FARTHEST, np.float32)  # to the nearest text that is labelled or chosen
    for start in range(0, len(labelled), BLOCK):
        near = 1 - (vectors @ _vectors(labelled[start : start + BLOCK]).T).max(axis=1)
        distances = np.minimum(distances, near)
    chosen: list[Chosen] = []
    while len(chosen) < min(size, len(pool)):
        best = int(distances.argmax())  # of equally far ones the least certain
        item, said = pool[best]
        distance = min(float(distances[best]), FARTHEST)
        chosen.append(Chosen(item, said, distance, f"distance {distance:.2f}, {_margin_in_words(said)}"))
        distances = np.minimum(distances, 1 - vectors @ vectors[best])
        distances[[best]] = -np.inf
    return chosen


def _vectors(answered: Sequence[Answered]) -> Vectors:
    """Float32 [n, d] of length 1."""
    rows = [said.embedding for _, said in answered]
    if any(row is None for row in rows):
        raise UsageProblem("this model gives no sentence vectors", remedy="Choose --by uncertain or out-of-scope")
    vectors = np.array(rows, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.where(lengths > 0, lengths, 1)
    return scaled


def _margin_in_words(said: Said) -> str:
    return f"margin {margin(said):.3f}"
