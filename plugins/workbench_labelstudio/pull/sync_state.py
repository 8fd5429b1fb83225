"""What a mirror remembers between pulls: whose copy it is, and up to which moment of the server's clock it has read.

The moments are the server's own: the times that tasks were updated, and the `date` of its answers. A proxy that writes
the `date` may have another clock, so that no more is taken from it than how long ago something was, and that the mark
never lies after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.api import WorkbenchError

if TYPE_CHECKING:
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

IDENTITY, MARK, SEEN = "project", "mark", "seen"  # notes in the mirror
OVERLAP = timedelta(seconds=60)  # a transaction may commit so much later than the time that it sets


class ForeignMirror(WorkbenchError):
    """A mirror is the local copy of another project; only the user can settle this."""


def identify(project: Project, mirror: Mirror) -> None:
    """Make sure that the mirror is this project's.

    Raises:
        ForeignMirror: it is another project's, which may have had the same id.
    """
    identity = {"id": project.id, "created_at": project.about["created_at"]}
    known = mirror.noted(IDENTITY) or identity
    if known != identity:
        raise ForeignMirror(
            "this local copy is of project {id}, made at {created_at}".format(**known)
            + ", not of project {id}, made at {created_at}".format(**identity),
            where=mirror.folder,
            remedy="Give another --mirror, or remove this folder",
        )
    mirror.note(IDENTITY, identity)


def mark_of(mirror: Mirror) -> datetime | None:
    """All that was updated up to this moment is in the mirror; None if it was never read to the end."""
    text = mirror.noted(MARK)
    return datetime.fromisoformat(text) if text else None


def new_mark(mirror: Mirror, begun: datetime | None) -> datetime | None:
    """The moment up to which nothing can be missing: the latest update seen, but not what may still have to commit.

    Nothing has to once an earlier pull saw the same, and has ended for long enough when this one began.

    Args:
        mirror: it has all that the server had.
        begun: when the reading began; None where the server does not tell the time.
    """
    latest = mirror.latest()
    seen = datetime.fromisoformat(latest) if latest else begun
    if begun is None or seen is None:
        return seen and seen - OVERLAP
    before, since = mirror.noted(SEEN) or (None, None)
    settled = latest == before and since is not None and begun - datetime.fromisoformat(since) >= OVERLAP
    return min(seen if settled else seen - OVERLAP, begun - OVERLAP)


def set_mark(mirror: Mirror, mark: datetime | None, now: datetime | None) -> None:
    """Remember that everything up to a moment was read, and since when the latest update is known."""
    if mark and mark != mark_of(mirror):
        mirror.note(MARK, mark.isoformat())
    latest = mirror.latest()
    if now and latest != (mirror.noted(SEEN) or (None,))[0]:
        mirror.note(SEEN, (latest, now.isoformat()))
