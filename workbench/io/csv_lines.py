"""Read CSV (RFC 4180). An error names the line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.io.sources import read_source

MAX_CELL = 2**31 - 1  # characters; the default limit of the csv module is 131,072
Lines = Iterator[tuple[str, dict[str, str]]]


def csv_lines(path: Path, delimiter: str = ",", *, quoted: bool = True) -> tuple[list[str], Lines]:
    """Read the columns of a file, and each record with its place, such as `line 3`; empty lines are skipped.

    Args:
        path: a file in UTF-8.
        delimiter: one character.
        quoted: whether double quotes may enclose a cell.

    Raises:
        WorkbenchError: the file or a line cannot be read, two columns have one name, or a line has too many or too
            few cells.
    """
    records = _records(path, delimiter, quoted)
    columns = [column.strip() for column in next(records)[1]]
    if any("\0" in column for column in columns):
        raise WorkbenchError(
            "contains NUL characters, as a file in UTF-16 does",
            where=path,
            remedy="Convert the file to UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW",
        )
    if twice := sorted({column for column in columns if column and columns.count(column) > 1}):
        raise WorkbenchError(
            f"the header names a column twice: {', '.join(twice)}", where=path, remedy="Rename one of the columns"
        )
    return columns, ((place, _row(columns, cells, f"{path}: {place}")) for place, cells in records)


def _records(path: Path, delimiter: str, quoted: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield each record with its first line."""
    csv.field_size_limit(MAX_CELL)
    lines = io.StringIO(read_source(path), newline="")
    records = csv.reader(
        lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    first_line = 1
    try:
        for cells in records:
            if cells:
                yield f"line {first_line}", cells
            first_line = records.line_num + 1
    except csv.Error as error:
        raise WorkbenchError(
            f"the record cannot be read ({error})",
            where=f"{path}: line {first_line}",
            remedy="Close each quoted cell, double the quotes inside a cell, or set quoted = false",
        ) from None


def _row(columns: list[str], cells: list[str], where: str) -> dict[str, str]:
    if len(cells) != len(columns):
        raise WorkbenchError(
            f"has {len(cells)} cells, the header has {len(columns)}",
            where=where,
            remedy="Enclose cells that contain the delimiter in double quotes",
        )
    return dict(zip(columns, cells, strict=True))
