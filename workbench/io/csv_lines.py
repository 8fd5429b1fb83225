"""Read CSV (RFC 4180). An error names the line."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.io.sources import read_source

MAX_CELL = 2**31 - 1  # characters; the default limit of the csv module is 131,072
Lines = Iterator[tuple[str, dict[str, str]]]


def csv_lines(path: Path, delimiter: str = ",", *, quoted: bool = True, header: bool = True) -> tuple[list[str], Lines]:
    """Read the columns of a file, and each record with its place, such as `line 3`; empty lines are skipped.

    Args:
        path: a text file; `read_source` decodes it.
        delimiter: one character.
        quoted: whether double quotes may enclose a cell.
        header: whether the first line names the columns; if False, the columns are `column 1`, `column 2`, ….

    Raises:
        WorkbenchError: the file or a line cannot be read, two columns have one name, or a line has too many or too
            few cells.
    """
    records = _records(path, delimiter, quoted)
    first = next(records)
    if header:
        columns = [column.strip() for column in first[1]]
        check_header(columns, path)
    else:
        columns = [f"column {number}" for number in range(1, len(first[1]) + 1)]
        records = itertools.chain([first], records)
    return columns, ((place, _row(columns, cells, f"{path}: {place}")) for place, cells in records)


def check_header(columns: Sequence[str], path: Path) -> None:
    """Check that no two columns of a table have one name, and that no name contains a NUL character.

    Raises:
        WorkbenchError: the message names the columns, or reports the NUL characters.
    """
    if any("\0" in column for column in columns):
        raise WorkbenchError(
            "contains NUL characters, as binary files do", where=path, remedy="Save the table as CSV in UTF-8"
        )
    if twice := sorted({column for column in columns if column and columns.count(column) > 1}):
        raise WorkbenchError(
            f"the header names a column twice: {', '.join(twice)}", where=path, remedy="Rename one of the columns"
        )


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
            f"has {len(cells)} cells, the first line has {len(columns)}",
            where=where,
            remedy="Enclose cells that contain the delimiter in double quotes",
        )
    return dict(zip(columns, cells, strict=True))
