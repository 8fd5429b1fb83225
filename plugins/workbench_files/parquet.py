"""Reader `parquet`; only the columns in use are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow
import pyarrow.parquet

from workbench.api import WorkbenchError
from workbench.api.io import digest_file
from workbench.api.text import well_formed
from workbench_files.classes import Classes, class_names, named_cells
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.api import Context, Dataset
    from workbench_files import TableOptions

HUGGING_FACE = b"huggingface"  # where the library `datasets` notes its features in a schema


def read_parquet(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """The rows of a Parquet file; numbers that the file itself gives names (`ClassLabel`) become those names.

    Raises:
        WorkbenchError: it is missing or no Parquet, or has no such column.
    """
    path = Path(source)
    name = well_formed(path.name)
    try:
        # pyarrow opens no path that is not UTF-8
        with path.open("rb") as opened, pyarrow.parquet.ParquetFile(opened) as file:
            columns = choose_columns(file.schema_arrow.names, options, path)
            provenance = {"reader": "parquet", "file": name, "sha256": digest_file(path)}
            rows = _rows(file, columns.used())
            return rows_to_dataset(rows, columns, options, name, path, provenance)
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise WorkbenchError(
            f"cannot be read as Parquet ({error})", where=path, remedy="Copy or make it again"
        ) from error


def _rows(file: pyarrow.parquet.ParquetFile, columns: Sequence[str]) -> Iterator[Row]:
    schema = file.schema_arrow
    classes: Classes = {}
    if HUGGING_FACE in (schema.metadata or {}):
        from datasets import Features

        classes = class_names(Features.from_arrow_schema(schema))
    number = 0
    for batch in file.iter_batches(columns=list(columns)):
        for cells in batch.to_pylist():
            number += 1
            yield Row(f"row {number}", named_cells(cells, classes))
