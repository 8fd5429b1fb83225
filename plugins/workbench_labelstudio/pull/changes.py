"""What differs between the server and the mirror: found in a light list, then read in full; what is gone is removed.

A light list says of each task when it was updated and how many annotations and skips it has. That shows what
the time alone does not: deleting annotations in bulk sets the time by another clock. It also holds the task's data,
which the Data Manager's bulk actions change without setting a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from label_studio_sdk.data_manager import DATETIME_FORMAT, Column, Operator, Type

from workbench_labelstudio.http.listing import LIGHT, PAGE, Filter, list_tasks, where_is
from workbench_labelstudio.pull.mirror import Change, canonical

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.pull.mirror import Mirror

LIGHT_PAGE = 5000
SHOWN = ("updated_at", "total_annotations", "cancelled_annotations", "data")  # of each task in a light list


def read_since(connection: Connection, project: int, mirror: Mirror, moment: datetime) -> Change:
    """Bring in the tasks that were updated after a moment of the server's clock."""
    since = where_is(Column.updated_at, Operator.GREATER, f"{moment.astimezone(UTC):{DATETIME_FORMAT}}", Type.Datetime)
    differing = [number for page in _light(connection, project, [since]) for number in _differing(page, mirror)]
    return _read(connection, project, mirror, differing)


def reconcile(connection: Connection, project: int, mirror: Mirror) -> Change:
    """Compare every task, bring in those that differ, and remove those that are gone."""
    seen: set[int] = set()
    differing: list[int] = []
    for page in _light(connection, project):
        seen.update(task["id"] for task in page)
        differing += _differing(page, mirror)
    gone = mirror.ids() - seen
    with mirror.transaction():
        mirror.drop(gone)
    return _read(connection, project, mirror, differing) + Change(removed=frozenset(gone))


def _light(connection: Connection, project: int, filters: Sequence[Filter] = ()) -> Iterator[list[dict[str, Any]]]:
    return list_tasks(connection, project, filters=filters, fields=LIGHT, page=LIGHT_PAGE)


def _differing(page: Sequence[dict[str, Any]], mirror: Mirror) -> list[int]:
    shown = ((task["id"], *map(task.get, SHOWN)) for task in page)
    known = {number: canonical(version) for number, *version in mirror.versions(page[0]["id"], page[-1]["id"])}
    return [number for number, *version in shown if known.get(number) != canonical(version)]


def _read(connection: Connection, project: int, mirror: Mirror, ids: Sequence[int]) -> Change:
    change = Change()
    for start in range(0, len(ids), PAGE):
        chosen = where_is(Column.id, Operator.IN_LIST, list(ids[start : start + PAGE]))
        for page in list_tasks(connection, project, filters=[chosen]):
            with mirror.transaction():
                change += mirror.put(page)
    return change
