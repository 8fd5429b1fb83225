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
from workbench_labelstudio.pull.mirror import canonical

if TYPE_CHECKING:
    from workbench.api import Log
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.pull.mirror import Mirror

LIGHT_PAGE = 5000
SHOWN = ("updated_at", "total_annotations", "cancelled_annotations", "data")  # of each task in a light list


class Changes:
    """Brings the tasks of a project that differ into its mirror, and counts them.

    Args:
        connection: to the server.
        project: its id.
        mirror: of the project.
        log: shows progress.
    """

    def __init__(self, connection: Connection, project: int, mirror: Mirror, log: Log) -> None:
        self.connection, self.project, self.mirror, self.log = connection, project, mirror, log
        self._before = mirror.ids()
        self._put: set[int] = set()

    def counts(self) -> dict[str, int]:
        """How many tasks were `added`, `changed` (more than their time) and `removed`, and how many are `unchanged`."""
        now = self.mirror.ids()
        added, stayed = now - self._before, now & self._before
        changed = len(self._put & stayed)
        gone = len(self._before) - len(stayed)
        return {"added": len(added), "changed": changed, "removed": gone, "unchanged": len(stayed) - changed}

    def put(self, tasks: Sequence[dict[str, Any]]) -> None:
        """Bring in tasks as the server sends them."""
        self._put |= self.mirror.put(tasks)

    def read_since(self, moment: datetime) -> None:
        """Bring in the tasks that were updated after a moment of the server's clock."""
        since = f"{moment.astimezone(UTC):{DATETIME_FORMAT}}"
        pages = self._light([where_is(Column.updated_at, Operator.GREATER, since, Type.Datetime)])
        self._read([number for page in pages for number in self._differing(page)])

    def reconcile(self, *, everything: bool = False) -> None:
        """Compare every task, bring in those that differ, and remove those that are gone.

        Args:
            everything: bring in every task, also what no time and no count shows.
        """
        seen: set[int] = set()
        differing: list[int] = []
        for page in self._light():
            ids = [task["id"] for task in page]
            seen.update(ids)
            differing += ids if everything else self._differing(page)
        self.mirror.keep(seen)
        self._read(differing)

    def _light(self, filters: Sequence[Filter] = ()) -> Iterator[list[dict[str, Any]]]:
        return list_tasks(self.connection, self.project, filters=filters, fields=LIGHT, page=LIGHT_PAGE)

    def _differing(self, page: Sequence[dict[str, Any]]) -> list[int]:
        shown = ((task["id"], *map(task.get, SHOWN)) for task in page)
        known = {number: canonical(version) for number, *version in self.mirror.versions(page[0]["id"], page[-1]["id"])}
        return [number for number, *version in shown if known.get(number) != canonical(version)]

    def _read(self, ids: Sequence[int]) -> None:
        done = 0
        for start in range(0, len(ids), PAGE):
            chosen = where_is(Column.id, Operator.IN_LIST, list(ids[start : start + PAGE]))
            for page in list_tasks(self.connection, self.project, filters=[chosen]):
                self.put(page)
                done += len(page)
                self.log({"progress": done / len(ids)}, done)
