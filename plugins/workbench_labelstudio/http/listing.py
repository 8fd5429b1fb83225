"""List a project's tasks page by page, none twice and none left out, whatever is added or deleted meanwhile.

Pages are asked for by key (the id above the last one read), not by number, until the server counts none beyond: its API
answers a page too far with a 404, which must not be taken for the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from label_studio_sdk.data_manager import Column, Filters, Operator, Type

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

FULL, LIGHT = "all", "task_only"  # with annotations, or without
Filter = Mapping[str, Any]
PAGE = 200
SMALLER = 8  # a page that the server cannot send is asked for in so many parts
REPAIR = (
    "Repair or delete that task in Label Studio (half an emoji in a text, which no UTF-8 can hold, does this); then "
    "run the same command again"
)


def where_is(column: str, operator: str, value: Any, kind: str = Type.Number) -> Filter:
    """A filter of the Data Manager, such as `where_is(Column.id, Operator.GREATER, 7)`."""
    made: Filter = Filters.item(column, operator, kind, value)  # type: ignore[no-untyped-call]
    return made


def list_tasks(
    connection: Connection,
    project: int,
    *,
    filters: Sequence[Filter] = (),
    fields: str = FULL,
    page: int = PAGE,
    after: int = 0,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of a project's tasks as the server sends them, by rising id.

    Args:
        connection: to the server.
        project: its id.
        filters: all of which hold, see `where_is`.
        fields: `FULL` or `LIGHT`.
        page: tasks a page; a server may have a smaller limit.
        after: only tasks with a larger id.

    Raises:
        WorkbenchError: there is a task that the server cannot send, or see `Connection.call`.
    """
    size, where = page, f"{connection.url}/projects/{project}"
    while True:
        later = where_is(Column.id, Operator.GREATER, after)
        try:
            answer = _ask(connection, project, [*filters, later], fields, size)
            tasks, total = answer["tasks"], answer["total"]
            if total and not tasks:
                raise WorkbenchError(f"it sends none of the {total:,} tasks that it counts", where=where)
        except NotFound:
            raise
        except WorkbenchError as error:
            connection.get(f"api/projects/{project}")  # the server is there: it is this page that it cannot send
            if size == 1:
                what = f"the server cannot send the first task with an id above {after}: {error.what}"
                raise WorkbenchError(what, where=where, remedy=REPAIR) from error
            size = max(1, size // SMALLER)
            continue
        if tasks:
            yield tasks
            after = tasks[-1]["id"]
        if total <= len(tasks):
            return
        size = min(page, size * 2)


def count_tasks(connection: Connection, project: int, filters: Sequence[Filter] = ()) -> int:
    """How many tasks there are to which all filters apply, by the server's count."""
    return int(_ask(connection, project, filters, LIGHT, 1)["total"])


def _ask(connection: Connection, project: int, filters: Sequence[Filter], fields: str, size: int) -> dict[str, Any]:
    query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [Column.id]}
    params = {"project": project, "page_size": size, "fields": fields, "query": json.dumps(query), "resolve_uri": False}
    answer: dict[str, Any] = connection.get("api/tasks", params).json
    return answer
