"""Pick evenly spaced samples. Rows are often sorted by intent, so the first n rows would cover few intents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int | None = None) -> list[T]:
    """Pick up to `most` evenly spaced items in their order; without a limit, all items."""
    count = len(items) if most is None else min(most, len(items))
    return [items[number * len(items) // count] for number in range(count)]
