"""Reader `labelstudio-export`: the file that Label Studio's Export dialogue calls JSON, gzipped or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.io import digest_file, read_source
from workbench.api.text import well_formed
from workbench_labelstudio.tasks.dataset import TaskSource, tasks_to_dataset, tasks_to_votes

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench.api.review import Votes
    from workbench_labelstudio.options import TaskOptions

JSON_MIN = {"annotation_id", "annotator", "lead_time"}  # keys that only rows of that format have beside the data
EXPORT = "In Label Studio choose Export, then the format JSON"


def read_export(source: str, out: Path, options: TaskOptions, context: Context) -> Dataset:
    """The labelled tasks of an export; its splits are None unless `split_key` names them.

    All that its annotators said goes below `out` (see `write_record`).

    Raises:
        WorkbenchError: see `export_tasks` and `tasks_to_dataset`.
    """
    return tasks_to_dataset(export_tasks(Path(source)), options, context.host, out)


def read_export_votes(source: str, options: TaskOptions, context: Context | None = None) -> Votes:
    """What each annotator said of each task of an export; see `read_export`."""
    return tasks_to_votes(export_tasks(Path(source)), options)


def export_tasks(path: Path) -> TaskSource:
    """The tasks of an export, as they stand in it.

    Raises:
        WorkbenchError: the file cannot be read or is no such export.
    """
    value = _json(path)
    if value == []:
        raise WorkbenchError("holds no tasks", where=path, remedy="Export a project that has some")
    if why := _why_no_export(value):
        raise WorkbenchError(why, where=path, remedy=EXPORT)
    name = well_formed(path.name)
    return TaskSource(value, name, path, {"reader": "labelstudio-export", "file": name, "sha256": digest_file(path)})


def _why_no_export(value: Any) -> str | None:
    """Why a JSON value is no list of tasks; None if it is one."""
    none = "is no Label Studio export"
    if isinstance(value, dict):
        return f"{none}: it holds one JSON object, an export is a list of tasks"
    if not isinstance(value, list):
        return none
    for number, task in enumerate(value):
        if not isinstance(task, dict):
            return f"{none}: entry {number} is {task!r:.40}, not a task"
        if not isinstance(task.get("data"), dict):
            if task.keys() & JSON_MIN:
                return "is a JSON_MIN export, which drops who said what, and what was skipped"
            return f"{none}: entry {number} has no data"
        if task.get("id") is None:
            return f"{none}: entry {number} has no task id"
    return None


def _json(path: Path) -> Any:
    text = read_source(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        byte = len(text[: error.pos].encode("utf-8"))
        whole = text.strip()
        is_cut = whole[0] in "[{" and (whole[-1] not in "]}" or error.pos >= len(text.rstrip()))
        broken = "ends too early" if is_cut else "is no JSON"
        raise WorkbenchError(
            f"{broken}: {error.msg} at line {error.lineno}, column {error.colno} (byte {byte:,})",
            where=path,
            remedy=f"Export or copy it again. {EXPORT}",
        ) from None
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(f"is no JSON that can be read ({error})", where=path, remedy=EXPORT) from None
