"""Labels in messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.api import Intent

LISTED = 10
SEPARATOR = " / "


def listed(words: Iterable[str], most: int = LISTED) -> str:
    """The first few, and how many more there are."""
    known = list(words)
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def label_name(label: Intent) -> str:
    """A label as a reader sees it, from the root of its path on."""
    return label if isinstance(label, str) else SEPARATOR.join(label)


def listed_labels(labels: Iterable[Intent]) -> str:
    """The first few labels, quoted, and how many more there are."""
    return listed(repr(label_name(label)) for label in labels) or "none"
