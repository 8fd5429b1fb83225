"""Guess the columns of text and intent from the cells of a table."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench_files.columns import LABEL, TEXT, well_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_A_TEXT = re.compile(
    r"[\d\s.,:/+-]+|\d{4}-\d\d-\d\d.*|[0-9a-f-]{16,}|\w+[-_#]?\d+|https?://\S+|\S+@\S+\.\S+", re.IGNORECASE
)  # numbers, dates, digests and UUIDs, ids such as T-1234, addresses
LABEL_SHARE = 0.5  # distinct cells per cell, at most: intents repeat
LABEL_LENGTH = 40  # characters, the largest mean length of intent names
TEXT_SHARE = 0.5  # share of cells in a text column that look like a text
RATIO = 2  # of several columns, one with cells this many times longer than all others holds the text


@dataclass(frozen=True)
class ColumnFacts:
    """Measurements of the cells of a column.

    Args:
        name: name of the column.
        filled: number of cells that are not empty.
        distinct: number of different cells.
        length: mean length of the cells in characters.
        texts: share of the cells that are neither a number, a date, an id nor an address.
    """

    name: str
    filled: int
    distinct: int
    length: float
    texts: float

    @property
    def may_be_text(self) -> bool:
        """Return whether most cells look like a text."""
        return self.filled > 0 and self.texts >= TEXT_SHARE

    @property
    def may_be_label(self) -> bool:
        """Return whether the cells are short and repeat, as names of intents do."""
        few = self.distinct <= max(2, LABEL_SHARE * self.filled)
        return self.distinct > 1 and few and self.length <= LABEL_LENGTH


def column_facts(name: str, cells: Sequence[Any]) -> ColumnFacts:
    """Measure the cells of a column; None and blank cells are empty."""
    filled = [text for cell in cells if cell is not None and (text := str(cell).strip())]
    texts = sum(NOT_A_TEXT.fullmatch(text) is None for text in filled)
    length = sum(map(len, filled)) / max(1, len(filled))
    return ColumnFacts(name, len(filled), len(Counter(filled)), length, texts / max(1, len(filled)))


def guess_columns(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], user_options: Mapping[str, Any], source: object
) -> dict[str, str]:
    """Return the columns of text and intent as options of a reader. Without a column of intents, `label` is left out.

    A well-known name has precedence over the cells.

    Args:
        names: names of the columns.
        rows: some rows of the table.
        user_options: options of the reader that the user set.
        source: place for messages.

    Raises:
        UsageProblem: no column looks like a text, or several columns look like a text or an intent.
    """
    facts = [column_facts(name, [row.get(name) for row in rows]) for name in names if name]
    text = user_options.get("text") or well_known(names, TEXT)
    label = user_options.get("label") or well_known([name for name in names if name != text], LABEL)
    texts = [column for column in facts if column.may_be_text and column.name != label]
    if text is None:
        text = _only([c for c in texts if not c.may_be_label] or texts, "text", "text", names, source)
    if label is None:
        labels = [c for c in facts if c.name != text and c.may_be_label and c.texts >= TEXT_SHARE]
        labels = labels or [c for c in facts if c.name != text and c.may_be_label]
        label = _only(labels, "intent", "label", names, source) if labels else None
    return {"text": text, **({"label": label} if label else {})}


def _only(columns: Sequence[ColumnFacts], what: str, option: str, names: Sequence[str], source: object) -> str:
    """Return the only column; of several columns of texts, the column whose cells are much longer."""
    ordered = sorted(columns, key=lambda column: -column.length)
    if not ordered:
        raise UsageProblem(
            f"no column looks like the {what}; columns: {', '.join(names)}",
            where=source,
            remedy=f"Choose a column: --{option} COLUMN",
        )
    longest = option == "text" and len(ordered) > 1 and ordered[0].length >= RATIO * ordered[1].length
    if len(ordered) > 1 and not longest:
        either = " or ".join(f"--{option} {column.name!r}" for column in ordered)
        raise UsageProblem(f"several columns may hold the {what}", where=source, remedy=f"Choose one: {either}")
    return ordered[0].name
