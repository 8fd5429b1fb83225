"""Recognition of a file by a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recognition:
    """The result of a reader that recognizes the format of a file.

    Args:
        options: options of the reader for this file, such as the columns; options with their defaults are left out.
        specific: whether the format belongs to one tool. Such a reader has precedence over readers of tables.
    """

    options: Mapping[str, Any]
    specific: bool = False
