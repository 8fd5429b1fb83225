"""Reader `json`: a JSON list of objects, at the top or as the only list of objects under a key."""

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

LABEL_STUDIO = {"annotations", "completions"}  # keys of a task that Label Studio exported


def read_json_list(source: str, out: Path, options: TableOptions, context: Context) -> Dataset:
    """Read the objects of a JSON file; a nested key is joined with dots, such as `data.text`.

    Raises:
        WorkbenchError: the file is not JSON, or holds no list of objects, or has no such key.
    """
    path = Path(source)
    name = well_formed(path.name)
    try:
        content = json.loads(read_source(path))
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(
            f"is not valid JSON ({error})", where=path, remedy="For one object on each line use the reader jsonl"
        ) from None
    items = list_items(content, path)
    rows = [Row(f"item {number}", _cells(item, path, number)) for number, item in enumerate(items, start=1)]
    columns = choose_columns(list(dict.fromkeys(key for row in rows for key in row.cells)), options, path)
    provenance = {"reader": "json", "file": name, "sha256": digest_file(path)}
    return rows_to_dataset(rows, columns, options, name, path, provenance)


def list_items(content: Any, path: Path) -> list[Any]:
    """Give the list of objects: the whole content, or the only one under a key.

    Raises:
        WorkbenchError: there is none, or there are several.
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
            f"must hold one list of objects, holds {found}",
            where=path,
            remedy="Save the list of rows in a file of its own",
        )
    return next(iter(lists.values()))


def _cells(item: Any, path: Path, number: int) -> dict[str, Any]:
    where = f"{path}: item {number}"
    if not isinstance(item, dict):
        raise WorkbenchError(f"is {item!r:.40}, not an object", where=where, remedy="Each row is one JSON object")
    if LABEL_STUDIO & item.keys():
        raise WorkbenchError(
            "is a task that Label Studio exported", where=where, remedy="Use the reader labelstudio-export"
        )
    return flat(item)
