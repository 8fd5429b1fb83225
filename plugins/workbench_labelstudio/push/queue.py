"""A queue of what a human should look at next, which the server itself serves in its order.

A prediction of a model version of its own orders each task: the lowest score comes first. The project shows that
version and samples by uncertainty, so that the next task is the one with the lowest score. Where several people
annotate, the server picks at random among the tasks of the version; so only as many as wanted get such a prediction,
and a tab of the Data Manager lists them in their order. What a person has opened is locked for the others. Where a text
is for several annotators, the server serves first what others have begun, whatever its version: nothing that a queue
could write changes that, so it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.api import WorkbenchError
from workbench_labelstudio.http.listing import where_is
from workbench_labelstudio.project.display_settings import (
    BEFORE,
    SEQUENTIAL,
    UNCERTAINTY,
    before,
    is_queue,
    note_before,
    show,
)
from workbench_labelstudio.project.tabs import DOUBTFUL, REVIEW, of_version, remove_tabs, set_tab
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.push.choosing import Chosen, choose
from workbench_labelstudio.push.doubts import doubtful
from workbench_labelstudio.push.predictions import Asked, Item, ask, asked, identity, intents_given, read_items
from workbench_labelstudio.push.push import FALLBACK_KEY
from workbench_labelstudio.push.server_predictions import remove, versions, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.api import Log, Predictor
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

By = Literal["uncertain", "diverse", "out-of-scope"]


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        by: which unlabelled tasks come first.
        size: how many.
        doubtful: how many labelled tasks to look at again.
        control: that asks for the intent; None = the only one.
        text: key of the tasks' data; None = what the control asks about.
        dry: nothing is written.
    """

    by: By = "uncertain"
    size: int = 50
    doubtful: int = 0
    control: str | None = None
    text: str | None = None
    dry: bool = False


@dataclass(frozen=True)
class Queue:
    """What was queued, or with `dry` would be.

    Args:
        project: its id.
        version: of the predictions that order it.
        tasks: unlabelled ones, the first one first.
        doubtful: labelled ones, the most doubtful one first.
        open: tasks with a text that nobody has labelled or skipped.
        annotators: people who have annotated in the project.
        findings: what the user has to know, in words.
        dry: nothing was written.
    """

    project: int
    version: str
    tasks: tuple[Chosen, ...]
    doubtful: tuple[Chosen, ...]
    open: int
    annotators: int
    findings: tuple[str, ...]
    dry: bool


def queue_up(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    predictor: Predictor,
    wanted: Wanted,
    log: Callable[[str], Log],
) -> Queue:
    """Choose, and have the server serve it; an earlier queue is replaced. After a kill, the next call puts it right.

    Args:
        connection: to the server.
        project: whose tasks are queued.
        mirror: of the project; pulled first.
        predictor: of the model.
        wanted: how.
        log: gives the progress of a step.

    Raises:
        WorkbenchError: there is nothing to queue, the label config lacks intents that are predicted, or the server
            refuses.
    """
    pulled = pull(connection, project, mirror, log("pull"), snapshots=not wanted.dry)
    project = pulled.project
    where = f"{connection.url}/projects/{project.id}"
    told = asked(project, predictor.model, wanted.control, where)
    items, _ = read_items(mirror, wanted.text or told.control.data_key or FALLBACK_KEY, where)
    candidates = [item for item in items if item.is_open]
    if not candidates and not wanted.doubtful:
        raise WorkbenchError(
            f"all {len(items):,} tasks with a text are labelled or skipped",
            where=where,
            remedy="Look at doubtful labels again: --doubtful 50, or upload more texts",
        )
    chosen, doubts = _choose(predictor, told, candidates, items, wanted, log)
    if not chosen and not doubts:
        raise WorkbenchError("there is nothing to queue and no label to doubt", where=where)
    told.refuse_lacking((entry.said.intent for entry in [*chosen, *doubts]), where)
    number = identity(predictor)
    version = f"queue-{wanted.by}-{number}"
    if not wanted.dry:
        _carry_out(connection, project, mirror, told, version, f"doubtful-{number}", chosen, doubts, log)
    people = {annotation.annotator for item in items for annotation in item.task.annotations}
    return Queue(
        project.id,
        version,
        tuple(chosen),
        tuple(doubts),
        len(candidates),
        len(people),
        (*pulled.findings, *_served_before(project, items)),
        wanted.dry,
    )


def clear(connection: Connection, project: Project, mirror: Mirror) -> dict[str, Any]:
    """End the queue: its predictions and tabs go, and the project shows and samples as before it.

    Returns:
        `removed` (version -> predictions), `tabs`, and `model_version` and `sampling` as they are now.
    """
    gone = _remove_ours(connection, project.id)
    tabs = remove_tabs(connection, project.id)
    standing = versions(connection, project.id)
    known = before(mirror)
    if not (known or gone or tabs):
        version, sampling = project.about["model_version"] or "", project.about["sampling"]
    else:
        known = known or {"sampling": SEQUENTIAL, "model_version": next(iter(standing), "")}
        version, sampling = known["model_version"], known["sampling"]
        if version not in standing and not _is_live(connection, project.id, version):
            version = ""
        show(connection, project.id, version, sampling)
        mirror.forget(BEFORE)
    return {"removed": gone, "tabs": tabs, "model_version": version, "sampling": sampling}


def scores(chosen: Sequence[Chosen]) -> list[float]:
    """What orders them: rising between 0 and 1."""
    return [place / (len(chosen) + 1) for place in range(1, len(chosen) + 1)]


def _served_before(project: Project, items: Sequence[Item]) -> Iterator[str]:
    """What the server serves before the queue."""
    overlap = project.about["maximum_annotations"]
    begun = sum(0 < len(item.task.annotations) < overlap for item in items)
    if overlap > 1:
        yield (
            f"each text is for {overlap} annotators: Label Studio serves first what others have begun, in the queue or "
            f"not ({begun:,} tasks now), and only then the queue"
        )


def _choose(
    predictor: Predictor,
    told: Asked,
    candidates: Sequence[Item],
    items: Sequence[Item],
    wanted: Wanted,
    log: Callable[[str], Log],
) -> tuple[list[Chosen], list[Chosen]]:
    labelled = [item for item in items if item.is_labelled] if wanted.doubtful or wanted.by == "diverse" else []
    said = list(ask(predictor, [*candidates, *labelled], log("predict")))
    now, known = said[: len(candidates)], said[len(candidates) :]
    given = intents_given(told.labels)
    order = predictor.model.intents
    doubts = doubtful(known, told.control.name, given, order, predictor.temperature, wanted.doubtful)
    return choose(wanted.by, now, known, wanted.size), doubts


def _carry_out(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    told: Asked,
    version: str,
    doubtful_version: str,
    chosen: Sequence[Chosen],
    doubts: Sequence[Chosen],
    log: Callable[[str], Log],
) -> None:
    note_before(mirror, project)
    _remove_ours(connection, project.id)
    ordered = [*zip(chosen, scores(chosen), strict=True), *zip(doubts, scores(doubts), strict=True)]
    queued = {
        entry.item.id: told.prediction(entry.item.id, entry.said.intent, score, version) for entry, score in ordered
    }
    write(connection, project.id, version, queued, log("write"))
    doubted = {
        entry.item.id: told.prediction(entry.item.id, entry.said.intent, entry.figure, doubtful_version)
        for entry in doubts
    }
    write(connection, project.id, doubtful_version, doubted, log("write doubts"))
    show(connection, project.id, version, UNCERTAINTY)
    set_tab(connection, project.id, REVIEW, of_version(version, where_is("total_annotations", "equal", 0)))
    if doubts:
        set_tab(connection, project.id, DOUBTFUL, of_version(doubtful_version))
    else:
        remove_tabs(connection, project.id, [DOUBTFUL])


def _remove_ours(connection: Connection, project: int) -> dict[str, int]:
    ours = {version: count for version, count in versions(connection, project).items() if is_queue(version)}
    for version, count in ours.items():
        remove(connection, project, version, count)
    return ours


def _is_live(connection: Connection, project: int, title: str) -> bool:
    """Whether an ML backend of the project is called so, which a project can show as well as a version."""
    return any(backend["title"] == title for backend in connection.get("api/ml", {"project": project}).json)
