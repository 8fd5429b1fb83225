"""Reader `xlsx`: one sheet of an Excel workbook whose first row names the columns."""

from __future__ import annotations

import contextlib
import datetime
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from workbench.api import UsageProblem, WorkbenchError, unknown
from workbench.api.io import check_header, digest_file
from workbench.api.text import well_formed
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openpyxl.workbook import Workbook

    from workbench.api import Context, Dataset
    from workbench_files import XlsxOptions

OLE = b"\xd0\xcf\x11\xe0"  # first bytes of an old workbook (.xls) and of one with a password


def read_xlsx(source: str, out: Path, options: XlsxOptions, context: Context) -> Dataset:
    """Read the rows of a sheet. The value of a formula is the value that Excel saved with it.

    Raises:
        WorkbenchError: the file is missing, is not a workbook, or has no such sheet or column.
    """
    path = Path(source)
    name = well_formed(path.name)
    sheet, names, records = sheet_rows(path, options.sheet)
    rows = (Row(f"sheet {sheet}, row {number}", dict(zip(names, cells, strict=False))) for number, cells in records)
    provenance = {"reader": "xlsx", "file": name, "sheet": sheet, "sha256": digest_file(path)}
    columns = choose_columns(list(filter(None, names)), options, path)
    return rows_to_dataset(rows, columns, options, name, path, provenance)


def sheet_rows(path: Path, sheet: str | None) -> tuple[str, list[str], list[tuple[int, list[Any]]]]:
    """Read a sheet: its name, the names of its columns, and the number and cells of each non-empty row.

    Args:
        path: path of the workbook.
        sheet: name of the sheet; None = the only sheet that has rows.

    Raises:
        WorkbenchError: the file is missing, is not a workbook, or has no such sheet.
    """
    with contextlib.closing(_opened(path)) as file:
        sheets = {each: kept for each in file.sheetnames if (kept := list(_records(file, each)))}
    chosen = _chosen(sheets, sheet, path)
    (_, header), *records = sheets[chosen]
    names = ["" if cell is None else str(cell).strip() for cell in header]
    check_header(names, path)
    return chosen, names, records


def _opened(path: Path) -> Workbook:
    try:
        with path.open("rb") as file:
            if file.read(4) == OLE:
                raise WorkbenchError(
                    "is an old .xls workbook, or a workbook with a password",
                    where=path,
                    remedy="Save the workbook as .xlsx without a password, or as CSV in UTF-8",
                )
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except (OSError, zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise WorkbenchError(
            f"cannot be read as an Excel workbook ({error})",
            where=path,
            remedy="Save the workbook again as .xlsx or as CSV",
        ) from None


def _records(file: Workbook, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number and cells of each non-empty row of a sheet; dates become ISO 8601 texts."""
    for number, cells in enumerate(file[sheet].iter_rows(values_only=True), start=1):
        if any(cell is not None for cell in cells):
            yield (
                number,
                [cell.isoformat() if isinstance(cell, (datetime.date, datetime.time)) else cell for cell in cells],
            )


def _chosen(sheets: dict[str, list[tuple[int, list[Any]]]], name: str | None, path: Path) -> str:
    """Return the name of the sheet to read."""
    if name is not None and name not in sheets:
        raise unknown("sheet with rows", name, sheets, where=path)
    if not sheets:
        raise WorkbenchError("has no sheet with rows", where=path, remedy="Choose a workbook with rows")
    if name is None and len(sheets) > 1:
        raise UsageProblem(
            f"has several sheets with rows: {', '.join(sheets)}",
            where=path,
            remedy='Choose a sheet: set sheet = "NAME" in the recipe',
        )
    return name or next(iter(sheets))
