"""Turn nested JSON objects into the cells of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """Join the keys of nested objects with dots: `{"data": {"text": "hi"}}` becomes `{"data.text": "hi"}`."""
    cells: dict[str, Any] = {}
    pending = [("", value)]
    while pending:
        prefix, nested = pending.pop()
        for key, cell in nested.items():
            if isinstance(cell, dict) and cell:
                pending.append((f"{prefix}{key}.", cell))
            else:
                cells.setdefault(f"{prefix}{key}", cell)
    return cells
