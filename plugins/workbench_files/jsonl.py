"""Reader `jsonl`: one JSON object per line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.io import digest_file, read_source
from workbench.api.text import well_formed
from workbench_files.columns import choose_columns
from workbench_files.nested import flat
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench_files import TableOptions


def read_jsonl(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """Read the rows of a JSONL file. A missing key is an empty cell; dots join the keys of nested objects.

    Raises:
        WorkbenchError: a line is not a JSON object, or a column is missing. The message has the line, or all keys.
    """
    path = Path(source)
    name = well_formed(path.name)
    # only "\n" ends a line, because JSON strings may contain the other line separators of Unicode
    lines = read_source(path).split("\n")
    rows = [
        Row(f"line {number}", _object(line, f"{path}: line {number}"))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    columns = choose_columns(list(dict.fromkeys(key for row in rows for key in row.cells)), options, path)
    provenance = {"reader": "jsonl", "file": name, "sha256": digest_file(path)}
    return rows_to_dataset(rows, columns, options, name, path, provenance)


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(
            f"is not JSON ({error})", where=where, remedy="Write one complete JSON object per line"
        ) from None
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else f"{value!r:.40}"
        raise WorkbenchError(
            f"is {kind}, not a JSON object",
            where=where,
            remedy="Write one JSON object per line. For a JSON list, set reader to json; "
            "for a Label Studio export, set reader to labelstudio-export",
        )
    return flat(value)
