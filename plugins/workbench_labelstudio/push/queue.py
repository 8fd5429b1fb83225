"""A queue of what a human should look at next, which the server itself serves in its order.

A prediction of a model version of its own orders each task: the lowest score comes first. The project shows that
version and samples by uncertainty, so that the next task is the one with the lowest score. Where several people
annotate, the server picks at random among the tasks of the version; so only as many as wanted get such a prediction,
and a tab of the Data Manager lists them in their order. What a person has opened is locked for the others. Where a text
is for several annotators, the server serves first what others have begun, whatever its version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from label_studio_sdk.data_manager import Column, Operator

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
from workbench_labelstudio.push.control_labels import ControlLabels, control_labels
from workbench_labelstudio.push.items import read_items
from workbench_labelstudio.push.prediction_store import PredictionStore
from workbench_labelstudio.push.push import identity
from workbench_labelstudio.push.selection import Chosen, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.api import Host, Log, Predictor
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import QueueOptions
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror


@dataclass(frozen=True)
class Queue:
    """What was queued, or with `dry` would be.

    Args:
        project: its id.
        version: of the predictions that order it.
        tasks: unlabelled ones, the first one first.
        doubtful: labelled ones, the most doubtful one first.
        open: tasks with a text that nobody has labelled or skipped.
        findings: notes for the user, a sentence each.
        dry: nothing was written.
    """

    project: int
    version: str
    tasks: tuple[Chosen, ...]
    doubtful: tuple[Chosen, ...]
    open: int
    findings: tuple[str, ...]
    dry: bool


def queue_up(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    predictor: Predictor,
    options: QueueOptions,
    host: Host,
    log: Callable[[str], Log],
) -> Queue:
    """Choose, and have the server serve it; an earlier queue is replaced. After a kill, the next call puts it right.

    Args:
        connection: to the server.
        project: whose tasks are queued.
        mirror: of the project; pulled first.
        predictor: of the model.
        options: which tasks.
        host: the plugins, for the selectors.
        log: gives the progress of a step.

    Raises:
        WorkbenchError: there is nothing to queue, the label config lacks intents that are predicted, or the server
            refuses.
    """
    pulled = pull(connection, project, mirror, log("pull"), snapshots=not options.dry_run)
    project = pulled.project
    where = f"{connection.url}/projects/{project.id}"
    form = control_labels(project.label_config, predictor.model.intents, where, options.control)
    items, _ = read_items(mirror, options.text or form.control.data_key or "text", where)
    candidates = [item for item in items if item.is_open]
    if not candidates and not options.doubtful:
        raise WorkbenchError(
            f"all {len(items):,} tasks with a text are labelled or skipped",
            where=where,
            remedy="Look at doubtful labels again: --doubtful 50, or upload more texts",
        )
    selectors = host.registry("selectors")
    by = options.by or selectors.default
    sizes = [(selectors[by], options.size), (selectors[selectors.first("labels")], options.doubtful)]
    chosen, doubts = select(items, form, predictor, sizes, log("predict"))
    if not chosen and not doubts:
        raise WorkbenchError("there is nothing to queue and no label to doubt", where=where)
    form.refuse_lacking((entry.intent for entry in [*chosen, *doubts]), where)
    queue = Queue(
        project=project.id,
        version=f"queue-{by}-{identity(predictor)}",
        tasks=chosen,
        doubtful=doubts,
        open=len(candidates),
        findings=pulled.findings,
        dry=options.dry_run,
    )
    if not queue.dry:
        note_before(mirror, project)
        _write(connection, form, queue, log)
    return queue


def clear(connection: Connection, project: Project, mirror: Mirror) -> dict[str, Any]:
    """End the queue: its predictions and tabs go, and the project shows and samples as before it.

    Returns:
        `removed` (version -> predictions), `tabs`, and `model_version` and `sampling` as they are now.
    """
    store = PredictionStore(connection, project.id)
    gone = _remove_queue(store)
    tabs = remove_tabs(connection, project.id)
    standing = store.versions()
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


def _write(connection: Connection, form: ControlLabels, queue: Queue, log: Callable[[str], Log]) -> None:
    """Replace the queue on the server: its predictions, what the project shows, and the tabs."""
    project, store = queue.project, PredictionStore(connection, queue.project)
    _remove_queue(store)
    doubts = f"doubtful-{queue.version.rpartition('-')[2]}"
    for version, chosen in ((queue.version, (*queue.tasks, *queue.doubtful)), (doubts, queue.doubtful)):
        predictions = {one.task: form.prediction(one.task, one.intent, one.score, version) for one in chosen}
        store.write(version, predictions, log(f"write {version}"))
    show(connection, project, queue.version, UNCERTAINTY)
    is_open = where_is(Column.total_annotations, Operator.EQUAL, 0)
    set_tab(connection, project, REVIEW, of_version(queue.version, is_open))
    if queue.doubtful:
        set_tab(connection, project, DOUBTFUL, of_version(doubts))
    else:
        remove_tabs(connection, project, [DOUBTFUL])


def _remove_queue(store: PredictionStore) -> dict[str, int]:
    ours = {version: count for version, count in store.versions().items() if is_queue(version)}
    for version, count in ours.items():
        store.remove_version(version, count)
    return ours


def _is_live(connection: Connection, project: int, title: str) -> bool:
    """Whether an ML backend of the project is called so, which a project can show as well as a version."""
    return any(backend["title"] == title for backend in connection.get("api/ml", {"project": project}).json)
