"""Reader `json`: a JSON list of objects, at the top level or as the only list of objects under a key."""

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

LABEL_STUDIO = {"annotations", "completions"}  # keys of a task in a Label Studio export


def read_json_list(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """Read the objects of a JSON file. Dots join the keys of nested objects, such as `data.text`.

    Raises:
        WorkbenchError: the file is not JSON, has no list of objects, or has no such key.
    """
    path = Path(source)
    name = well_formed(path.name)
    try:
        content = json.loads(read_source(path))
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(
            f"is not valid JSON ({error})",
            where=path,
            remedy="Correct the file; for one JSON object per line, set reader to jsonl",
        ) from None
    items = list_items(content, path)
    rows = [Row(f"item {number}", _cells(item, path, number)) for number, item in enumerate(items, start=1)]
    columns = choose_columns(list(dict.fromkeys(key for row in rows for key in row.cells)), options, path)
    provenance = {"reader": "json", "file": name, "sha256": digest_file(path)}
    return rows_to_dataset(rows, columns, options, name, path, provenance)


def list_items(content: Any, path: Path) -> list[Any]:
    """Return the list of objects: the whole content, or the only list under a key.

    Raises:
        WorkbenchError: there is no list, or there are several.
    """
    if isinstance(content, list):
        return content
    lists = {
        key: value
        for key, value in (content.items() if isinstance(content, dict) else ())
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    if len(lists) != 1:
        found = f"several: {', '.join(lists)}" if lists else "none"
        raise WorkbenchError(
            f"must contain one list of objects, but contains {found}",
            where=path,
            remedy="Save the list of rows in a separate file",
        )
    return next(iter(lists.values()))


def _cells(item: Any, path: Path, number: int) -> dict[str, Any]:
    where = f"{path}: item {number}"
    if not isinstance(item, dict):
        raise WorkbenchError(
            f"is {item!r:.40}, not a JSON object", where=where, remedy="Write each row as one JSON object"
        )
    if LABEL_STUDIO & item.keys():
        raise WorkbenchError(
            "is a task of a Label Studio export", where=where, remedy="Set reader to labelstudio-export"
        )
    return flat(item)
