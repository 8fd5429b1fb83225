"""Recognition: what a reader says of a file that it can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recognition:
    """A reader recognizes a file as its own format.

    Args:
        options: the reader's options for this file, such as the columns; defaults are left out.
        specific: whether the format belongs to one tool; such a reader comes before readers of general tables.
    """

    options: Mapping[str, Any]
    specific: bool = False
