"""Some of many, from the whole of them: rows often stand sorted by intent, and a head of them holds a few intents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int | None = None) -> list[T]:
    """Up to `most` of the items at even distances, in their order; all of them without a limit."""
    count = len(items) if most is None else min(most, len(items))
    return [items[number * len(items) // count] for number in range(count)]
