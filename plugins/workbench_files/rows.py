"""The rows of a table -> a dataset."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.api import Dataset, Utterance, WorkbenchError, split_named
from workbench.api.io import is_blank
from workbench.api.text import well_formed
from workbench_files.split_column import apply_split_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workbench_files import TableOptions
    from workbench_files.columns import Columns

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """One row of a table.

    Args:
        place: where it stands, such as `line 3`.
        cells: its values by column.
        split: where the source keeps each split apart.
    """

    place: str
    cells: Mapping[str, Any]
    split: str | None = None


def rows_to_dataset(
    rows: Iterable[Row],
    columns: Columns,
    options: TableOptions,
    name: str,
    source: object,
    provenance: Mapping[str, Any],
) -> Dataset:
    """The utterances of the rows that have a text, in the order of the rows; those without an intent are unlabelled.

    The counts `labelled`, `unlabelled` and `blank` (left out) add up to `rows`.

    Args:
        rows: the table.
        columns: which column holds what.
        options: the reader's.
        name: of the source, without a path; the counts stand under it.
        source: where the rows come from, for messages.
        provenance: what is known of the source; the columns are added.

    Raises:
        WorkbenchError: a cell holds what cannot be read, an id is missing or stands twice, or no row has a text.
    """
    counts = dict.fromkeys(("rows", "labelled", "unlabelled", "blank"), 0)
    occurrences: Counter[str] = Counter()
    places: dict[str, str] = {}
    utterances: list[Utterance] = []
    split_cells: list[tuple[str, Any]] = []
    for row in rows:
        counts["rows"] += 1
        where = f"{source}: {row.place}"
        text = _value(row.cells.get(columns.text), where, columns.text) or ""
        if is_blank(text):
            counts["blank"] += 1
            continue
        utterance = _utterance(row, text, columns, options, occurrences, where)
        if (first := places.setdefault(utterance.id, row.place)) != row.place:
            raise WorkbenchError(
                f"the id {utterance.id!r} stands twice: {first} and {row.place}",
                where=source,
                remedy="Give each row an id of its own, or name no id_key",
            )
        counts["labelled" if utterance.intents else "unlabelled"] += 1
        utterances.append(utterance)
        if columns.split_by_name:
            split_cells.append((row.place, row.cells.get(str(columns.split))))
    account = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count) or "0 rows"
    logger.info("%s: %s (text: %s, intent: %s)", name, account, columns.text, columns.label)
    if not utterances:
        raise WorkbenchError(
            f"no row has a text ({account})", where=source, remedy=f"Is {columns.text!r} the column of the text?"
        )
    if columns.split and columns.split_by_name:
        utterances = apply_split_column(utterances, split_cells, columns.split, source)
    intents = tuple(sorted({str(row.intent) for row in utterances if row.intents}))
    origin = {**provenance, "text": columns.text, "label": columns.label}
    return Dataset("intent", intents, tuple(utterances), {name: counts}, (origin,))


def _utterance(
    row: Row, text: str, columns: Columns, options: TableOptions, occurrences: Counter[str], where: str
) -> Utterance:
    def cell(column: str | None) -> str | None:
        value = _value(row.cells.get(column), where, column) if column else None
        if value is None or is_blank(value):
            return None
        # names that people type lose the white space around them; those that were exported come back as they were
        return value if columns.raw else value.strip()

    if columns.id is None:
        name = _text_id(text, occurrences)
    elif (given := cell(columns.id)) is None:
        raise WorkbenchError(
            f"has no id in the column {columns.id!r}", where=where, remedy="Fill it in, or name no id_key"
        )
    else:
        name = given
    intent, split = cell(columns.label), None if columns.split_by_name else cell(columns.split)
    raw = _value(row.cells.get(columns.raw), where, columns.raw) if columns.raw else None
    return Utterance(
        name,
        text,
        text if raw is None else raw,
        None if intent is None else (intent,),
        split=split_named(split, where=where) if split else row.split,
        group=cell(columns.group),
        language=options.language or cell(columns.language),
    )


def _text_id(text: str, occurrences: Counter[str]) -> str:
    """An id that no other row can change but a twin: the text's digest, and which of the rows with it this one is.

    The intent is no part of it, so that a row that is labelled anew stays the same row.
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    occurrences[digest] += 1
    return digest if occurrences[digest] == 1 else f"{digest}-{occurrences[digest]}"


def _value(value: Any, where: str, column: str | None) -> str | None:
    """A cell as text; None for null and NaN. Tables write whole numbers as floats where a cell is missing."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (str, int, float)):
        return well_formed(str(value))
    raise WorkbenchError(
        f"the column {column!r} holds a {type(value).__name__}, not a text or a number",
        where=where,
        remedy="Name a column of texts",
    )
