"""The tasks of a project that have a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import WorkbenchError, unknown
from workbench.api.io import is_blank
from workbench_labelstudio.tasks.task_parser import Task, parse_task

if TYPE_CHECKING:
    from workbench_labelstudio.pull.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Item:
    """A task with a text.

    Args:
        id: of the task.
        text: the model is asked for it.
        task: all of it.
    """

    id: int
    text: str
    task: Task

    @property
    def is_open(self) -> bool:
        """Whether nobody has submitted an annotation or skipped the task."""
        return not self.task.annotations


def read_items(mirror: Mirror, key: str, where: object) -> tuple[list[Item], int]:
    """The tasks that have a text, and how many have none.

    Args:
        mirror: in step with the server.
        key: of the tasks' data that holds the text.
        where: what the tasks belong to, for messages.

    Raises:
        UsageProblem: no task has such a key.
        WorkbenchError: there are no tasks, or none has a text.
    """
    items: list[Item] = []
    blank, keys = 0, set[str]()
    for value in mirror.tasks():
        task = parse_task(value, where)
        keys |= task.data.keys()
        text = task.value(key)
        if text is None or is_blank(text):
            blank += 1
        else:
            items.append(Item(int(task.id), text, task))
    if items:
        return items, blank
    if not blank:
        raise WorkbenchError(
            "the project has no tasks", where=where, remedy="Upload texts: workbench labelstudio create"
        )
    if key not in keys:
        raise unknown("key", key, keys, where=f"{where}: data of the tasks")
    raise WorkbenchError(f"all {blank:,} texts are blank", where=where)
