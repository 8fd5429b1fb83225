"""Words of messages."""

from __future__ import annotations

from collections.abc import Sequence

LISTED = 10


def listed(words: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(words) - LISTED:,} more" if len(words) > LISTED else ""
    return ", ".join(words[:LISTED]) + more
