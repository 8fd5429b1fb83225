"""Random streams that depend on what they are for, so that order and workers change nothing."""

from __future__ import annotations

import hashlib
import random


def stream(seed: int, name: str, parent: str) -> random.Random:
    """That of an augmenter for one row.

    Args:
        seed: of the run.
        name: of the augmenter.
        parent: the row's id.
    """
    return random.Random(hashlib.sha256(f"{seed}\0{name}\0{parent}".encode()).digest())
