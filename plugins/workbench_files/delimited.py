"""Readers `csv` and `tsv`: RFC 4180 with the delimiter of choice; what breaks its rules is refused by its line."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.io import digest_file, read_source
from workbench.api.text import well_formed
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.api import Context, Dataset
    from workbench_files import CsvOptions, TsvOptions

LARGEST_CELL = 2**31 - 1  # characters; the csv module stops at 131,072 unless told otherwise


def read_csv(source: str, out: Path, options: CsvOptions, context: Context) -> Dataset:
    """The rows of a CSV file.

    Raises:
        WorkbenchError: with the line that cannot be read, or the columns that there are.
    """
    if len(options.delimiter) != 1:
        raise UsageProblem(f"the delimiter {options.delimiter!r} is not one character", where=source)
    return _read(Path(source), options.delimiter, options, "csv")


def read_tsv(source: str, out: Path, options: TsvOptions, context: Context) -> Dataset:
    """The rows of a file of tab-separated values; see `read_csv`."""
    return _read(Path(source), "\t", options, "tsv")


def _read(path: Path, delimiter: str, options: CsvOptions | TsvOptions, reader: str) -> Dataset:
    name = well_formed(path.name)
    records = _records(path, delimiter, options.quoted)
    first = next(records)
    if options.header:
        names = [column.strip() for column in first[1]]
        check_header(names, path)
    else:
        names = [f"column {number}" for number in range(1, len(first[1]) + 1)]
        records = itertools.chain([first], records)
    rows = (_row(place, cells, names, path) for place, cells in records)
    provenance = {"reader": reader, "file": name, "sha256": digest_file(path)}
    return rows_to_dataset(rows, choose_columns(names, options, path), options, name, path, provenance)


def _records(path: Path, delimiter: str, quoted: bool) -> Iterator[tuple[str, list[str]]]:
    """Each record with the line that it begins on; empty lines are none."""
    csv.field_size_limit(LARGEST_CELL)
    lines = io.StringIO(read_source(path), newline="")
    records = csv.reader(
        lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    begins = 1
    try:
        for cells in records:
            if cells:
                yield f"line {begins}", cells
            begins = records.line_num + 1
    except csv.Error as error:
        raise WorkbenchError(
            f"the record cannot be read ({error})",
            where=f"{path}: line {begins}",
            remedy="Close each quoted cell, double the quotes in it, or set quoted = false",
        ) from None


def check_header(names: list[str], path: Path) -> None:
    """Refuse a header that names a column twice or holds NUL characters.

    Raises:
        WorkbenchError: with the columns to rename.
    """
    if any("\0" in name for name in names):
        raise WorkbenchError("holds NUL characters", where=path, remedy="Save it as CSV in UTF-8; is it a binary file?")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise WorkbenchError(f"the header names a column twice: {', '.join(twice)}", where=path, remedy="Rename one")


def _row(place: str, cells: list[str], names: list[str], path: Path) -> Row:
    if len(cells) != len(names):
        raise WorkbenchError(
            f"has {len(cells)} cells, the header has {len(names)}",
            where=f"{path}: {place}",
            remedy="Put a cell that holds the delimiter in double quotes",
        )
    return Row(place, dict(zip(names, cells, strict=True)))
