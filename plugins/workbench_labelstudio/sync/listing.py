"""List a project's tasks page by page, none twice and none left out, whatever is added or deleted meanwhile.

Pages are asked for by key (the id above the last one read), not by number, and each must hold as many tasks as the
server's own count promises: the API answers a page too far with a 404, which must not be taken for the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench_labelstudio.sync.connection import Connection

FULL, LIGHT = "all", "task_only"  # with annotations, or without
Filter = Mapping[str, Any]
PAGE = 200
TRIES = 3


def where_is(column: str, operator: str, value: Any, kind: str = "Number") -> Filter:
    """A filter of the Data Manager, such as `where_is("id", "greater", 7)`."""
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def list_tasks(
    connection: Connection,
    project: int,
    *,
    filters: Sequence[Filter] = (),
    fields: str = FULL,
    page: int = PAGE,
    after: int = 0,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of tasks as the server sends them, by rising id.

    Args:
        connection: to the server.
        project: its id.
        filters: all of which hold, see `where_is`.
        fields: `FULL` or `LIGHT`.
        page: tasks a page.
        after: only tasks with a larger id.

    Raises:
        WorkbenchError: a page stays shorter than the server's count says, or see `Connection.call`.
    """
    while True:
        tasks, total = _page(connection, project, [*filters, where_is("id", "greater", after)], fields, page)
        if tasks:
            yield tasks
            after = tasks[-1]["id"]
        if total <= len(tasks):
            return


def count_tasks(connection: Connection, project: int, filters: Sequence[Filter] = ()) -> int:
    """How many tasks there are to which all filters apply, by the server's count."""
    return int(_ask(connection, project, filters, LIGHT, 1)["total"])


def _page(
    connection: Connection, project: int, filters: Sequence[Filter], fields: str, size: int
) -> tuple[list[dict[str, Any]], int]:
    for _ in range(TRIES):
        answer = _ask(connection, project, filters, fields, size)
        tasks, total = answer["tasks"], answer["total"]
        if len(tasks) == min(size, total):
            return tasks, total
    raise WorkbenchError(
        f"the server sent {len(tasks):,} tasks where it counts {min(size, total):,}",
        where=f"{connection.url}/projects/{project}",
        remedy="Run the same command again; nothing was taken for complete",
    )


def _ask(connection: Connection, project: int, filters: Sequence[Filter], fields: str, size: int) -> dict[str, Any]:
    query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": ["tasks:id"]}
    params = {"project": project, "page_size": size, "fields": fields, "query": json.dumps(query), "resolve_uri": False}
    answer: dict[str, Any] = connection.get("api/tasks", params).json
    return answer
