"""Bring the mirror of a project into step with the server.

The first pull reads everything; later ones ask for what was updated after a mark, a moment of the server's own clock
that lies far enough back for every transaction before it to have been committed. Then the server's counts of tasks,
annotations and skips must be the mirror's: deleted tasks leave no other trace. Where they differ all is compared.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from workbench.api import Log, WorkbenchError, silent
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.request_stats import RequestStats, request_stats
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.changes import Changes
from workbench_labelstudio.pull.labels import MirrorLabels, mirror_labels
from workbench_labelstudio.pull.snapshot import Snapshots
from workbench_labelstudio.pull.sync_state import identify, mark_of, new_mark, set_mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

ROUNDS = 2  # how often everything is compared before a pull gives up
How = Literal["snapshot", "pages", "changes"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pulled:
    """What a pull has brought.

    Args:
        project: as the server counts it at the end.
        mirror: in step with it.
        labels: of the mirror.
        added: tasks that are new.
        changed: tasks of which data, meta or annotations changed.
        removed: tasks that are gone.
        unchanged: all other tasks.
        requests: that were sent.
        how: everything by a `snapshot` or in `pages`, or the `changes` alone.
        findings: notes for the user, a sentence each.
    """

    project: Project
    mirror: Mirror
    labels: MirrorLabels
    added: int
    changed: int
    removed: int
    unchanged: int
    requests: int
    how: How
    findings: tuple[str, ...]


def pull(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    log: Log = silent,
    *,
    full: bool = False,
    snapshots: bool = True,
) -> Pulled:
    """Bring the mirror into step; after a kill at any moment, the next call goes on.

    Args:
        connection: to the server.
        project: which one.
        mirror: of this project.
        log: shows progress.
        full: read everything anew, also what no time and no count shows.
        snapshots: whether the server may be asked to make one; else nothing is written to it.

    Raises:
        NotFound: the project is gone.
        ForeignMirror: the mirror is another project's, which may have had the same id.
        WorkbenchError: another process pulls into this mirror, the server does not answer, or its counts differ from
            the tasks that it sends though nobody works on the project.
    """
    with mirror.held(), request_stats(connection) as stats:
        identify(project, mirror)
        try:
            return _Pull(connection, project, mirror, log, stats).run(full, snapshots)
        except NotFound as error:
            raise NotFound(
                "the project was deleted, or this user may not see it any more",
                where=f"{connection.url}/projects/{project.id}",
                remedy=f"What was read of it stays in {mirror.folder}",
            ) from error


class _Pull:
    """One pull: its changes and findings so far."""

    def __init__(self, connection: Connection, project: Project, mirror: Mirror, log: Log, stats: RequestStats) -> None:
        self.connection, self.project, self.mirror, self.log, self.stats = connection, project, mirror, log, stats
        self.snapshots = Snapshots(connection, project.id, mirror)
        self.findings: list[str] = []
        self.changes = Changes(connection, project.id, mirror, log)

    def run(self, full: bool, snapshots: bool) -> Pulled:
        how: How = "changes"
        mark = mark_of(self.mirror)
        if full or mark is None:
            self._read_project()  # the first answer tells the server's time
            begun = self.stats.begun
            how = "snapshot" if snapshots and self._read_snapshot() else "pages"
            if how == "pages":
                self.changes.reconcile(everything=full)
                self.changes.reconcile()  # the first tasks may have changed since they were read
            mark = new_mark(self.mirror, begun)
        else:
            self.changes.read_since(mark)
            begun = self.stats.begun
            if begun and begun < mark:  # the server's clock was set back: what changed may be older than the mark
                self.changes.reconcile()
        now = self._settle(mark)
        with self.mirror.transaction():
            labels = mirror_labels(now, self.mirror)
            set_mark(self.mirror, new_mark(self.mirror, begun), self.stats.now)
        self.findings += [*labels.changes, *labels.drift, *(self.snapshots.sweep() if snapshots else [])]
        counts = self.changes.counts()
        requests, findings = self.stats.requests, tuple(self.findings)
        return Pulled(now, self.mirror, labels, **counts, requests=requests, how=how, findings=findings)

    def _settle(self, mark: datetime | None) -> Project:
        """Compare until the counts of server and mirror agree, or the project changes faster than it can be read."""
        catch_up: list[Callable[[], None]] = [partial(self.changes.read_since, mark)] if mark else []
        steps = [*[*catch_up, self.changes.reconcile] * ROUNDS, *catch_up]
        seen = set()
        while (counts := _counts(now := self._read_project())) != self.mirror.counts():
            seen.add(counts)
            unequal = "the server counts {:,} tasks, {:,} annotations and {:,} skips".format(*counts) + (
                ", but sends {:,}, {:,} and {:,}".format(*self.mirror.counts())
            )
            if steps:
                steps.pop(0)()
            elif len(seen) > 1:
                self.findings.append(f"people worked on it meanwhile: {unequal}; the next pull brings the rest")
                break
            else:
                raise WorkbenchError(
                    unequal,
                    where=f"{self.connection.url}/projects/{self.project.id}",
                    remedy="Run the same command again; nothing was taken for complete",
                )
        return now

    def _read_snapshot(self) -> bool:
        """Bring in everything by a snapshot; False where the server gives none."""
        seen: set[int] = set()
        try:
            with self.snapshots.batches() as batches:
                for batch in batches:
                    self.changes.put(batch)
                    seen.update(task["id"] for task in batch)
                    self.log({"progress": min(1.0, len(seen) / max(1, self.project.tasks))}, len(seen))
        except WorkbenchError as error:
            logger.info("no snapshot: %s", error)
            self.findings.append(f"read page by page, because there is no snapshot: {error.what}")
            return False
        self.mirror.keep(seen)
        return True

    def _read_project(self) -> Project:
        now = read_project(self.connection, self.project.id)
        identify(now, self.mirror)  # a watch knows the project as it was at the last pull
        return now


def _counts(project: Project) -> tuple[int, int, int]:
    return project.tasks, project.annotations, project.skips
