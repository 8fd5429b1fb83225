"""Random streams that do not depend on the order of rows or on the number of workers."""

from __future__ import annotations

import hashlib
import random


def stream(seed: int, name: str, parent: str) -> random.Random:
    """Return the random stream of an augmenter for one row.

    Args:
        seed: seed of the run.
        name: name of the augmenter.
        parent: id of the row.
    """
    return random.Random(hashlib.sha256(f"{seed}\0{name}\0{parent}".encode()).digest())
