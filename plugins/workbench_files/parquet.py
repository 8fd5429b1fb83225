"""Reader `parquet`; only the columns in use are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow
import pyarrow.parquet

from workbench.context import Context
from workbench.digests import digest_file
from workbench.errors import WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from workbench_files import TableOptions


def read_parquet(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """The rows of a Parquet file; numbers that the file itself gives names (`ClassLabel`) become those names.

    Raises:
        WorkbenchError: it is missing or no Parquet, or has no such column.
    """
    path = Path(source)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = choose_columns(file.schema_arrow.names, options, path)
            provenance = {"reader": "parquet", "file": path.name, "sha256": digest_file(path)}
            rows = _rows(file, columns.used(), class_names(file.schema_arrow))
            return rows_to_dataset(rows, columns, options, path.name, path, provenance)
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise WorkbenchError(f"cannot be read as Parquet ({error})", where=path, remedy="Copy or make it again") from error
