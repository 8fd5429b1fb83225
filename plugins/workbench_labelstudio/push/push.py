"""Put a model's predictions onto the tasks of a project: each task one of the model's version, others' left alone.

Nothing is remembered between two pushes. The predictions on the server are compared with what the model predicts now,
and those that differ are written anew: of new tasks, of texts that were edited, and of versions that others wrote.

Stale are versions that are called as `push` and a served bundle call them, by the name of the model, if they answer the
same control. A version that is called so and answers another control is somebody else's.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import BUNDLE_FILE, Bundle, UsageProblem
from workbench.api.io import digest_path
from workbench.api.review import PoolRow, predict_pool
from workbench_labelstudio.project.display_settings import is_queue, show, show_after
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.push.control_labels import control_labels
from workbench_labelstudio.push.items import read_items
from workbench_labelstudio.push.prediction_store import PredictionStore
from workbench_labelstudio.tasks.words import listed_labels
from workbench_labelstudio.versions import model_name, model_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workbench.api import Intent, Log, Predictor
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import PushOptions
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror
    from workbench_labelstudio.push.control_labels import ControlLabels
    from workbench_labelstudio.push.items import Item
    from workbench_labelstudio.push.prediction_store import Entry

CLOSE = 0.02  # scores that differ less are the same: a quantized model's depend a little on what else it is asked


@dataclass(frozen=True)
class Pushed:
    """What was done, or with `dry` would be.

    Args:
        project: its id.
        version: of the predictions.
        written: tasks that got one.
        replaced: of these had one that says something else.
        standing: other tasks that had one.
        blank: tasks without a text.
        removed: stale versions -> how many predictions of them.
        shows: the version that annotators see.
        findings: notes for the user, a sentence each.
        dry: nothing was written.
    """

    project: int
    version: str
    written: int
    replaced: int
    standing: int
    blank: int
    removed: dict[str, int]
    shows: str
    findings: tuple[str, ...] = ()
    dry: bool = False


def push(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    predictor: Predictor,
    options: PushOptions,
    log: Callable[[str], Log],
) -> Pushed:
    """Bring the predictions of a model's version into step; after a kill at any moment, the next call goes on.

    Args:
        connection: to the server.
        project: whose tasks get predictions.
        mirror: of the project; pulled first.
        predictor: of the model.
        options: which predictions.
        log: gives the progress of a step.

    Raises:
        WorkbenchError: there are no texts, the label config lacks intents that are predicted, or the server refuses.
    """
    pulled = pull(connection, project, mirror, log("pull"), snapshots=not options.dry_run)
    project, model, store = pulled.project, predictor.model, PredictionStore(connection, project.id)
    version = options.version or model_version(model.path, identity(predictor))
    if is_queue(version):
        raise UsageProblem(f"{version!r} is a name of a queue's predictions", remedy="Choose another --version")
    form = control_labels(project.label_config, model.intents, store.where, options.control)
    items, blank = read_items(mirror, options.text or form.control.data_key or "text", store.where)
    have = store.by_task(version)
    chosen = [item for item in items if options.only == "all" or not item.task.submitted]
    said = _predict(chosen, form, predictor, store.where, log("predict"))
    predictions = {
        item.id: prediction
        for item, intent, score in said
        if not _agrees(have.get(item.id, []), prediction := form.prediction(item.id, intent, score, version))
    }
    findings = list(pulled.findings)
    if form.missing:
        findings.append(f"the label config lacks intents of the model: {listed_labels(form.missing)}")
    if options.show and not project.about.get("show_collab_predictions", True):
        findings.append("annotators see none: switch on Settings, Annotation, Use predictions to prelabel tasks")
    replaced = len(predictions.keys() & have.keys())
    pushed = Pushed(
        project=project.id,
        version=version,
        written=len(predictions),
        replaced=replaced,
        standing=len(have) - replaced,
        blank=blank,
        removed={} if options.keep_stale else _stale(store, version, model_name(model.path), form.control.name),
        shows=str(project.about["model_version"] or ""),
        findings=tuple(findings),
        dry=options.dry_run,
    )
    if options.dry_run:
        return pushed
    store.remove([entry for task in predictions for entry in have.get(task, [])])
    store.write(version, predictions, log("write"))
    return _show(store, mirror, pushed, options, log)


def identity(predictor: Predictor) -> str:
    """Twelve digits that stand for exactly this model: the id of a bundle, else of all its files."""
    model = predictor.model
    return Bundle(model, ()).id if (model.path / BUNDLE_FILE).is_file() else digest_path(model.path)[:12]


def _predict(
    items: Sequence[Item], form: ControlLabels, predictor: Predictor, where: str, log: Log
) -> list[tuple[Item, Intent, float]]:
    """Each task with the most probable intent of its text, and its probability.

    Raises:
        WorkbenchError: the label config lacks one of these intents, or see `predict_pool`.
    """
    pool = predict_pool([PoolRow(item.text) for item in items], predictor, log)
    assert pool.probabilities is not None
    best = [pool.intents[place] for place in pool.probabilities.argmax(-1)]
    form.refuse_lacking(best, where)
    return list(zip(items, best, pool.probabilities.max(-1).tolist(), strict=True))


def _agrees(stand: Sequence[Entry], said: Mapping[str, Any]) -> bool:
    """Whether the predictions of a task on the server, of which the oldest stays, say what the model does."""
    if not stand:
        return False
    labels = [[(part["from_name"], part["value"]) for part in one["result"]] for one in (stand[0], said)]
    return labels[0] == labels[1] and abs((stand[0]["score"] or 0.0) - said["score"]) < CLOSE


def _stale(store: PredictionStore, version: str, name: str, control: str) -> dict[str, int]:
    """Earlier versions of the model's name that answer the control -> how many predictions."""
    alike = re.compile(re.escape(name) + "-[0-9a-f]{12}")
    return {
        other: count
        for other, count in sorted(store.versions().items())
        if other != version and alike.fullmatch(other) and store.control_of(other) == control
    }


def _show(
    store: PredictionStore, mirror: Mirror, pushed: Pushed, options: PushOptions, log: Callable[[str], Log]
) -> Pushed:
    """Let annotators see the version, or once the queue has ended; then remove the stale versions."""
    findings, shows = pushed.findings, pushed.shows
    if options.show and is_queue(shows):
        show_after(mirror, pushed.version)
        end = f"workbench labelstudio queue {pushed.project} --clear"
        findings = (*findings, f"annotators see the queue {shows} until `{end}`")
    elif options.show:
        shows = pushed.version
    shows = "" if shows in pushed.removed else shows
    if pushed.written or pushed.standing:
        show(store.connection, pushed.project, shows)
    for version, count in pushed.removed.items():
        log(f"remove {version}")
        store.remove_version(version, count)
    if pushed.removed:
        show(store.connection, pushed.project, shows)  # removing any version may make the server show none
    return dataclasses.replace(pushed, shows=shows, findings=findings)
