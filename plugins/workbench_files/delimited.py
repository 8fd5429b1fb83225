"""Readers `csv` and `tsv`: RFC 4180 with any delimiter; a violation of RFC 4180 is an error with its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import UsageProblem
from workbench.api.io import csv_lines, digest_file
from workbench.api.text import well_formed
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench_files import CsvOptions, TsvOptions


def read_csv(source: str, out: Path, options: CsvOptions, context: Context) -> Dataset:
    """Read the rows of a CSV file.

    Raises:
        WorkbenchError: a line cannot be read, or a column is missing. The message has the line, or all columns.
    """
    if len(options.delimiter) != 1:
        raise UsageProblem(
            f"the delimiter {options.delimiter!r} is not one character", where=source, remedy='Set delimiter = ";"'
        )
    return _read(Path(source), options.delimiter, options, "csv")


def read_tsv(source: str, out: Path, options: TsvOptions, context: Context) -> Dataset:
    """Read the rows of a file of tab-separated values; see `read_csv`."""
    return _read(Path(source), "\t", options, "tsv")


def _read(path: Path, delimiter: str, options: CsvOptions | TsvOptions, reader: str) -> Dataset:
    name = well_formed(path.name)
    columns, lines = csv_lines(path, delimiter, quoted=options.quoted, header=options.header)
    provenance = {"reader": reader, "file": name, "sha256": digest_file(path)}
    rows = (Row(place, cells) for place, cells in lines)
    return rows_to_dataset(rows, choose_columns(columns, options, path), options, name, path, provenance)
