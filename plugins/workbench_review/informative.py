"""Which unlabelled texts a person should label next, by the predictions of a model. Every choice is deterministic.

`uncertain`: the smallest margin between the two most probable intents (Scheffer et al. 2001; Settles 2009, section
3.1). `out-of-scope`: the largest energy, which is minus the logarithm of the sum of the exponentials of the logits (Liu
et al. 2020). `diverse`: of the most uncertain texts, each time the one that is farthest from all labelled and chosen
texts (k-center greedy, Sener & Savarese 2018), by the cosine of the sentence vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.api import UsageProblem
from workbench.api.review import ReviewPool, Selected

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Vectors = npt.NDArray[np.float32]
    Places = npt.NDArray[np.int64]

BLOCK = 4096  # labelled texts that are compared at once
FARTHEST = 2.0  # 1 - cosine
POOL = 10  # `diverse` chooses among so many times as many of the most uncertain texts


def uncertain(pool: ReviewPool, size: int) -> list[Selected]:
    """Select the smallest margins; of equal ones the earlier row."""
    margins = _margins(pool)
    return [Selected(int(row), float(margins[row]), _in_words(margins[row])) for row in _ranked(pool, margins)[:size]]


def out_of_scope(pool: ReviewPool, size: int) -> list[Selected]:
    """Select the largest energies (temperature 1), which are the texts that excite no intent."""
    assert pool.logits is not None
    energies = -np.logaddexp.reduce(pool.logits.astype(np.float64), axis=1)
    return [
        Selected(int(row), float(energies[row]), f"energy {energies[row]:.2f}")
        for row in _ranked(pool, -energies)[:size]
    ]


def diverse(pool: ReviewPool, size: int) -> list[Selected]:
    """Select the texts that are farthest from all labelled and chosen ones; of equally far ones the least certain.

    Raises:
        UsageProblem: the model has no sentence vectors.
    """
    margins = _margins(pool)
    rows = _ranked(pool, margins)[: size * POOL]
    vectors = _vectors(pool, rows)
    distances = _distances(vectors, pool)
    chosen: list[Selected] = []
    while len(chosen) < min(size, len(rows)):
        best = int(distances.argmax())
        row, distance = int(rows[best]), min(float(distances[best]), FARTHEST)
        chosen.append(Selected(row, distance, f"distance {distance:.2f}, {_in_words(margins[row])}"))
        distances = np.minimum(distances, 1 - vectors @ vectors[best])
        distances[[best]] = -np.inf
    return chosen


def _ranked(pool: ReviewPool, figures: Numbers) -> Places:
    """The places of the unlabelled rows, by rising figures."""
    rows = np.array([place for place, row in enumerate(pool.rows) if not row.votes], np.int64)
    return rows[np.argsort(figures[rows], kind="stable")]


def _margins(pool: ReviewPool) -> Numbers:
    """The probability of the most probable intent above that of the next one; 1 where there is no next one."""
    assert pool.probabilities is not None
    if pool.probabilities.shape[1] < 2:
        return np.ones(len(pool.rows))
    best = np.sort(pool.probabilities, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0], np.float64)


def _distances(vectors: Vectors, pool: ReviewPool) -> Vectors:
    """From each of the vectors to the nearest labelled text."""
    distances = np.full(len(vectors), FARTHEST, np.float32)
    labelled = np.array([place for place, row in enumerate(pool.rows) if row.votes], np.int64)
    for start in range(0, len(labelled) if len(vectors) else 0, BLOCK):
        near = 1 - (vectors @ _vectors(pool, labelled[start : start + BLOCK]).T).max(axis=1)
        distances = np.minimum(distances, near)
    return distances


def _vectors(pool: ReviewPool, rows: Places) -> Vectors:
    """The sentence vectors of rows, float32 [n, d], with length 1."""
    if pool.embeddings is None:
        raise UsageProblem("this model gives no sentence vectors", remedy="Choose --by uncertain or out-of-scope")
    vectors = pool.embeddings[rows]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.where(lengths > 0, lengths, 1)
    return scaled


def _in_words(margin: float) -> str:
    return f"margin {margin:.3f}"
