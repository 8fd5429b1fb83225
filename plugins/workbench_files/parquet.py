"""Reader `parquet`: reads only the chosen columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow
import pyarrow.parquet

from workbench.api import WorkbenchError
from workbench.api.io import digest_file
from workbench.api.text import well_formed
from workbench_files.classes import Classes, class_names, replace_class_numbers
from workbench_files.columns import choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.api import Context, Dataset
    from workbench_files import TableOptions

HUGGING_FACE = b"huggingface"  # the schema's metadata key for the features of the library `datasets`


def read_parquet(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """Read the rows of a Parquet file; class numbers of a `ClassLabel` column are replaced by names.

    Raises:
        WorkbenchError: the file is missing or is not Parquet, or a column is missing.
    """
    path = Path(source)
    name = well_formed(path.name)
    try:
        # pyarrow cannot open paths that are not UTF-8
        with path.open("rb") as opened, pyarrow.parquet.ParquetFile(opened) as file:
            columns = choose_columns(file.schema_arrow.names, options, path)
            provenance = {"reader": "parquet", "file": name, "sha256": digest_file(path)}
            rows = _rows(file, columns.used())
            return rows_to_dataset(rows, columns, options, name, path, provenance)
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise WorkbenchError(
            f"cannot be read as Parquet ({error})", where=path, remedy="Copy or write the file again"
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
            yield Row(f"row {number}", replace_class_numbers(cells, classes))
