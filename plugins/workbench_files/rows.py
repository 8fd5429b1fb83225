"""Turn the rows of a table into a dataset."""

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
        place: position in the source, such as `line 3`.
        cells: values by column.
        split: split of the row, if the source has one file or table per split.
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
    """Return a dataset of the rows that have a text, in order; rows without an intent are unlabelled.

    The counts `labelled`, `unlabelled` and `blank` (skipped rows) add up to `rows`.

    Args:
        rows: the table.
        columns: the chosen columns.
        options: options of the reader.
        name: name of the source without a path, the key of the counts.
        source: path or name of the source, for messages.
        provenance: facts about the source; the names of the columns are added.

    Raises:
        WorkbenchError: a cell is neither text nor number, an id is missing or occurs twice, or no row has a text.
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
                f"the id {utterance.id!r} occurs twice: {first} and {row.place}",
                where=source,
                remedy="Make the ids unique, or remove the option id_key",
            )
        counts["labelled" if utterance.intents else "unlabelled"] += 1
        utterances.append(utterance)
        if columns.split_by_name:
            split_cells.append((row.place, row.cells.get(str(columns.split))))
    totals = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count) or "0 rows"
    logger.info("%s: %s (text: %s, intent: %s)", name, totals, columns.text, columns.label)
    if not utterances:
        raise WorkbenchError(
            f"no row has a text in the column {columns.text!r} ({totals})",
            where=source,
            remedy='Set the column of the text: text = "COLUMN"',
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
        # white space around typed names is removed; exported tables (with a raw column) are read back unchanged
        return value if columns.raw else value.strip()

    row_id = cell(columns.id) if columns.id else _text_id(text, occurrences)
    if row_id is None:
        raise WorkbenchError(
            f"has no id in the column {columns.id!r}", where=where, remedy="Fill in the id, or remove the option id_key"
        )
    intent, split = cell(columns.label), None if columns.split_by_name else cell(columns.split)
    raw = _value(row.cells.get(columns.raw), where, columns.raw) if columns.raw else None
    return Utterance(
        row_id,
        text,
        text if raw is None else raw,
        None if intent is None else (intent,),
        split=split_named(split, where=where) if split else row.split,
        group=cell(columns.group),
        language=options.language or cell(columns.language),
    )


def _text_id(text: str, occurrences: Counter[str]) -> str:
    """Return an id from the digest of the text and, for repeated texts, the number of its occurrence.

    The id depends on no other texts. The intent is not part of the id, so that a relabelled row keeps its id.
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    occurrences[digest] += 1
    return digest if occurrences[digest] == 1 else f"{digest}-{occurrences[digest]}"


def _value(value: Any, where: str, column: str | None) -> str | None:
    """Return a cell as text; None for null and NaN."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():  # integers of a column with missing cells are floats
        value = int(value)
    if isinstance(value, (str, int, float)):
        return well_formed(str(value))
    raise WorkbenchError(
        f"the column {column!r} holds a {type(value).__name__}, not a text or a number",
        where=where,
        remedy="Choose a column of texts",
    )
