"""Apply a column named `split` if its values are names of splits."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from workbench.api import SPLIT_NAMES, SPLITS, UsageProblem, Utterance, split_named

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)
IGNORE = 'split_key = ""'  # the option that ignores the column


def apply_split_column(
    utterances: Sequence[Utterance], cells: Sequence[tuple[str, Any]], column: str, source: object
) -> list[Utterance]:
    """Set the splits of utterances to the values of a column; a split from the source itself takes precedence.

    If no value of the column is the name of a split, the column is ignored with a warning.

    Args:
        utterances: utterances of the rows that have a text.
        cells: for each utterance, the position in the source and the cell of the column.
        column: name of the column.
        source: path or name of the source, for messages.

    Raises:
        UsageProblem: only some values are names of splits.
    """
    texts = ["" if value is None or value != value else str(value).strip() for _, value in cells]
    others = [n for n, text in enumerate(texts) if text and text.casefold() not in SPLIT_NAMES]
    if others:
        place, text = cells[others[0]][0], texts[others[0]]
        if len(others) == sum(map(bool, texts)):
            logger.warning("%s: the column %r is ignored: %r is none of %s", source, column, text, ", ".join(SPLITS))
            return list(utterances)
        raise UsageProblem(
            f"the column {column!r} holds splits, but {text!r} is none of {', '.join(SPLITS)}",
            where=f"{source}: {place}",
            remedy=f"Correct the cell, or ignore the column: {IGNORE}",
        )
    return [
        dataclasses.replace(row, split=row.split or (split_named(text) if text else None))
        for row, text in zip(utterances, texts, strict=True)
    ]
