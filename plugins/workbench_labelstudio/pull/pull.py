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
from workbench_labelstudio.http.listing import list_tasks
from workbench_labelstudio.http.request_stats import Tally, tallied
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.changes import read_since, reconcile
from workbench_labelstudio.pull.label_drift import note_drift
from workbench_labelstudio.pull.mirror import Change
from workbench_labelstudio.pull.snapshot import snapshot, sweep
from workbench_labelstudio.pull.sync_state import BEGUN, begin, identify, mark_of, new_mark, set_mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

PAGED = "paged"  # note in the mirror: the id up to which the pages were read
ROUNDS = 2  # how often everything is compared before a pull gives up
CATCH_UPS = 2  # how often what changed meanwhile is asked for after that, which is cheap
How = Literal["snapshot", "pages", "changes"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pulled:
    """What a pull has brought.

    Args:
        project: as the server counts it at the end.
        added: tasks that are new.
        changed: tasks of which data, meta or annotations changed.
        removed: tasks that are gone.
        unchanged: all other tasks.
        requests: that were sent, those that refresh a token aside.
        how: everything by a `snapshot` or in `pages`, or the `changes` alone.
        findings: what the user has to know, in words.
    """

    project: Project
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
        WorkbenchError: another process pulls into this mirror, it is another project's, the server does not answer, or
            its counts are others than what it sends though nobody works on the project.
    """
    with mirror.held(), tallied(connection) as tally:
        try:
            return _pull(connection, project, mirror, log, tally, full, snapshots)
        except NotFound as error:
            raise NotFound(
                "the project was deleted, or this user may not see it any more",
                where=f"{connection.url}/projects/{project.id}",
                remedy=f"What was read of it stays in {mirror.folder}",
            ) from error


def _pull(
    connection: Connection, project: Project, mirror: Mirror, log: Log, tally: Tally, full: bool, snapshots: bool
) -> Pulled:
    findings = identify(project, mirror)
    how: How = "changes"
    mark = mark_of(mirror)
    if full or mark is None:
        read_project(connection, project.id)  # the first answer tells the server's time
        begun, resumes = begin(mirror, tally.begun)
        how, change = _read_all(connection, project, mirror, log, findings, resumes, snapshots)
        if resumes or how == "pages":  # what was read first may have changed since
            change += reconcile(connection, project.id, mirror)
        mark = new_mark(mirror, begun)
    else:
        change = read_since(connection, project.id, mirror, mark)
        begun = tally.begun
        if begun and begun < mark:  # the server's clock was set back: what changed may be older than the mark
            change += reconcile(connection, project.id, mirror)
    steps = _steps(mark)
    seen = set()
    while (counts := _counts(now := read_project(connection, project.id))) != mirror.counts():
        seen.add(counts)
        if steps:
            change += steps.pop(0)(connection, project.id, mirror)
        elif len(seen) > 1:
            findings.append(f"people worked on it meanwhile: {_unequal(now, mirror)}; the next pull brings the rest")
            break
        else:
            raise _short(connection, now, mirror)
    with mirror.transaction():
        findings += note_drift(now, mirror)
        set_mark(mirror, new_mark(mirror, begun), tally.now)
        mirror.forget(BEGUN, PAGED)
    findings += sweep(connection, project.id, mirror) if snapshots else []
    added, changed, removed = map(len, (change.added, change.changed, change.removed))
    unchanged = len(mirror) - added - changed
    return Pulled(now, added, changed, removed, unchanged, tally.requests, how, tuple(findings))


def _steps(mark: datetime | None) -> list[Callable[[Connection, int, Mirror], Change]]:
    """What is tried in turn until the counts are equal."""
    catch_ups = [partial(read_since, moment=mark)] * CATCH_UPS if mark else []
    rounds: list[Callable[[Connection, int, Mirror], Change]] = [reconcile, *catch_ups] * ROUNDS
    return [*catch_ups[:1], *rounds]


def _read_all(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    log: Log,
    findings: list[str],
    resumes: bool,
    snapshots: bool,
) -> tuple[How, Change]:
    change, done = Change(), 0
    try:
        if snapshots:
            with snapshot(connection, project.id, mirror, resumes) as batches:
                for batch in batches:
                    with mirror.transaction():
                        change += mirror.put(batch)
                    done += len(batch)
                    log({"progress": min(1.0, done / max(1, project.tasks))}, done)
                return "snapshot", change
    except WorkbenchError as error:
        logger.info("no snapshot: %s", error)
        findings.append(f"read page by page, because there is no snapshot: {error.what}")
    for page in list_tasks(connection, project.id, after=(mirror.noted(PAGED) or 0) if resumes else 0):
        with mirror.transaction():
            change += mirror.put(page)
            mirror.note(PAGED, page[-1]["id"])
        done += len(page)
        log({"progress": min(1.0, len(mirror) / max(1, project.tasks))}, done)
    return "pages", change


def _counts(project: Project) -> tuple[int, int, int]:
    return project.tasks, project.annotations, project.skips


def _unequal(project: Project, mirror: Mirror) -> str:
    counted, have = _counts(project), mirror.counts()
    return "the server counts {:,} tasks, {:,} annotations and {:,} skips".format(*counted) + (
        ", but sends {:,}, {:,} and {:,}".format(*have)
    )


def _short(connection: Connection, project: Project, mirror: Mirror) -> WorkbenchError:
    return WorkbenchError(
        _unequal(project, mirror),
        where=f"{connection.url}/projects/{project.id}",
        remedy="Run the same command again; nothing was taken for complete",
    )
