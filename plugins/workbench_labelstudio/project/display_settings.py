"""What a project shows its annotators: which model version's predictions, and which task comes next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workbench_labelstudio.project.project import read_project

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

UNCERTAINTY, SEQUENTIAL = "Uncertainty sampling", "Sequential sampling"
BY = ("uncertain", "diverse", "out-of-scope")
QUEUE = re.compile(rf"queue-({'|'.join(BY)})-[0-9a-f]{{12}}")  # versions that `queue` writes
DOUBTS = re.compile(r"doubtful-[0-9a-f]{12}")
BEFORE = "before the queue"  # note in the mirror: what the project showed, and how it sampled


def is_queue(version: str | None) -> bool:
    """Whether predictions of this version order a queue, and are no model's plain answers."""
    return bool(version and (QUEUE.fullmatch(version) or DOUBTS.fullmatch(version)))


def show(connection: Connection, project: int, version: str, sampling: str | None = None) -> None:
    """Let annotators see the predictions of a version, or none for ""; with `sampling` set which task comes next."""
    about = read_project(connection, project).about
    wanted: dict[str, Any] = {"model_version": version} | ({"sampling": sampling} if sampling else {})
    if changes := {key: value for key, value in wanted.items() if (about[key] or "") != value}:
        where = f"{connection.url}/projects/{project}"
        connection.call(connection.client.projects.update, project, where=where, **changes)


def note_before(mirror: Mirror, project: Project) -> None:
    """Remember what the project shows, unless that is a queue.

    While a queue is replaced nothing is shown, but tasks are sampled by uncertainty already.
    """
    sampling, version = project.about["sampling"], project.about["model_version"] or ""
    if not is_queue(version) and not (before(mirror) and sampling == UNCERTAINTY):
        mirror.note(BEFORE, {"sampling": sampling, "model_version": version})


def show_after(mirror: Mirror, version: str) -> None:
    """Have the end of the queue show this version."""
    mirror.note(BEFORE, {"sampling": SEQUENTIAL} | (before(mirror) or {}) | {"model_version": version})


def before(mirror: Mirror) -> dict[str, str] | None:
    """`sampling` and `model_version` before the queue; None if nothing was noted."""
    noted: dict[str, str] | None = mirror.noted(BEFORE)
    return noted
