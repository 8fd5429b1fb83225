"""A column that is named `split`: its values say whether it holds splits."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from workbench.api import SPLIT_NAMES, SPLITS, UsageProblem, Utterance, split_named

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)
IGNORE = 'split_key = ""'


def apply_split_column(
    utterances: Sequence[Utterance], cells: Sequence[tuple[str, Any]], column: str, source: object
) -> list[Utterance]:
    """Give the utterances the splits that a column states; one that the source keeps in a split already stays there.

    A column none of whose values is the name of a split is something else: a warning says so.

    Args:
        utterances: of the rows that have a text.
        cells: for each utterance its place in the source and its cell of the column.
        column: its name.
        source: where the rows come from, for messages.

    Raises:
        UsageProblem: some values are names of splits and some are not.
    """
    texts = ["" if value is None or value != value else str(value).strip() for _, value in cells]
    others = [n for n, text in enumerate(texts) if text and text.casefold() not in SPLIT_NAMES]
    if others:
        place, text = cells[others[0]][0], texts[others[0]]
        if len(others) == sum(map(bool, texts)):
            logger.warning("%s: the column %r is not read: %r is none of %s", source, column, text, ", ".join(SPLITS))
            return list(utterances)
        raise UsageProblem(
            f"the column {column!r} holds splits, but {text!r} is none of {', '.join(SPLITS)}",
            where=f"{source}: {place}",
            remedy=f"Mend the cell, or leave the column out: {IGNORE}",
        )
    return [
        dataclasses.replace(row, split=row.split or (split_named(text) if text else None))
        for row, text in zip(utterances, texts, strict=True)
    ]
