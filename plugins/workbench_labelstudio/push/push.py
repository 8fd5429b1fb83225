"""Put a model's predictions onto the tasks of a project: each task one of the model's version, others' left alone.

Stale are versions that this local copy pushed for the same control under the same name, and versions called as `push`
and a served bundle call them by that name, if one of their predictions answers the same control. A version that is
called so and answers another control is somebody else's, and is named.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.api import UsageProblem
from workbench_labelstudio.project.display_settings import is_queue, show, show_after
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.push.predictions import (
    Asked,
    Item,
    ask,
    asked,
    identity,
    listed,
    read_items,
    shown_intent,
)
from workbench_labelstudio.push.push_record import Pushes, agrees, note_pushes, noted_pushes, text_digest
from workbench_labelstudio.push.server_predictions import control_of, remove, remove_each, standing, versions, write
from workbench_labelstudio.versions import model_name, model_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workbench.api import Log, Predictor
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror
    from workbench_labelstudio.push.server_predictions import Entry

FALLBACK_KEY = "text"
Only = Literal["all", "unlabelled"]


@dataclass(frozen=True)
class Push:
    """What is asked for.

    Args:
        version: of the predictions; None = the model's name and id.
        control: that asks for the intent; None = the only one.
        text: key of the tasks' data; None = what the control asks about.
        only: which tasks get a prediction.
        stale: whether what earlier pushes of the same model name wrote is removed.
        show: whether annotators see the predictions.
        dry: nothing is written.
    """

    version: str | None = None
    control: str | None = None
    text: str | None = None
    only: Only = "all"
    stale: bool = True
    show: bool = True
    dry: bool = False


@dataclass(frozen=True)
class Pushed:
    """What was done, or with `dry` would be.

    Args:
        project: its id.
        version: of the predictions.
        written: tasks that got one.
        replaced: of these had one that says something else, or is of a text that was edited since.
        standing: other tasks that had one.
        blank: tasks without a text.
        removed: stale versions -> how many predictions of them.
        twins: predictions of the version that a task had too many of.
        shows: the version that annotators see.
        intents: how often each intent was written.
        findings: what the user has to know, in words.
        dry: nothing was written.
    """

    project: int
    version: str
    written: int
    replaced: int
    standing: int
    blank: int
    removed: dict[str, int]
    twins: int
    shows: str
    intents: dict[str, int]
    findings: tuple[str, ...] = ()
    dry: bool = False


@dataclass
class _Plan:
    version: str
    asked: Asked
    have: dict[int, list[Entry]]
    items: list[Item]
    blank: int
    pushes: Pushes
    stale: dict[str, int]
    findings: list[str]


def push(
    connection: Connection,
    project: Project,
    mirror: Mirror,
    predictor: Predictor,
    wanted: Push,
    log: Callable[[str], Log],
) -> Pushed:
    """Bring the predictions of a model's version into step; after a kill at any moment, the next call goes on.

    Args:
        connection: to the server.
        project: whose tasks get predictions.
        mirror: of the project; pulled first.
        predictor: of the model.
        wanted: how.
        log: gives the progress of a step.

    Raises:
        WorkbenchError: there are no texts, the label config lacks intents that are predicted, or the server refuses.
    """
    pulled = pull(connection, project, mirror, log("pull"), snapshots=not wanted.dry)
    project = pulled.project
    plan = _plan(connection, project, mirror, predictor, wanted)
    predictions, intents = {}, Counter[str]()
    if plan.items:
        said = [(item, answer.prediction) for item, answer in ask(predictor, plan.items, log("predict"))]
        plan.asked.refuse_lacking((answer.top[0][0] for _, answer in said), f"{connection.url}/projects/{project.id}")
        for item, answer in said:
            intent, score = answer.top[0]
            prediction = plan.asked.prediction(item.id, intent, score, plan.version)
            if item.id not in plan.have or not agrees(plan.have[item.id][0], prediction):
                predictions[item.id] = prediction
                intents[shown_intent(intent)] += 1
    replaced = len(predictions.keys() & plan.have.keys())
    pushed = Pushed(
        project.id,
        plan.version,
        len(predictions),
        replaced,
        len(plan.have) - replaced,
        plan.blank,
        plan.stale,
        0,
        str(project.about["model_version"] or ""),
        dict(sorted(intents.items())),
        (*pulled.findings, *plan.findings),
        wanted.dry,
    )
    return pushed if wanted.dry else _carry_out(connection, mirror, plan, predictions, pushed, wanted, log)


def _plan(connection: Connection, project: Project, mirror: Mirror, predictor: Predictor, wanted: Push) -> _Plan:
    """What is there to do; nothing is written."""
    where = f"{connection.url}/projects/{project.id}"
    number = identity(predictor)
    version = wanted.version or model_version(predictor.model.path, number)
    if is_queue(version):
        raise UsageProblem(f"{version!r} is a name of a queue's predictions", remedy="Choose another --version")
    told = asked(project, predictor.model, wanted.control, where)
    items, blank = read_items(mirror, wanted.text or told.control.data_key or FALLBACK_KEY, where)
    have, noted = standing(connection, project.id, version), noted_pushes(mirror)
    now = Pushes(model_name(predictor.model.path), number, told.control.name)
    known = noted.get(version, now) if have else now
    _refuse_other(version, have, known, now, where)
    chosen = [item for item in items if wanted.only == "all" or not item.is_labelled]
    needed = [item for item in chosen if item.id not in have or known.texts.get(item.id) != text_digest(item.text)]
    lacking = [intent for intent in predictor.model.intents if intent not in told.labels]
    findings = [f"the label config lacks intents of the model: {listed(lacking)}"] if lacking else []
    if wanted.show and not project.about.get("show_collab_predictions", True):
        findings.append("annotators see none: switch on Settings, Annotation, Use predictions to prelabel tasks")
    there = versions(connection, project.id)
    ours, others = _ours(connection, project.id, there, noted, now)
    stale = {other: there[other] for other in sorted(ours - {version})} if wanted.stale else {}
    findings += [f"{other} answers the control {control}: left alone" for other, control in others.items()]
    before = project.about["model_version"]
    if wanted.show and before and before not in {version, *ours} and not is_queue(before):
        findings.append(f"annotators saw {before} so far")
    return _Plan(version, told, have, needed, blank, known, stale, findings)


def _refuse_other(version: str, have: dict[int, list[Entry]], known: Pushes, now: Pushes, where: object) -> None:
    remedy = "Choose another --version, or first delete its predictions in Label Studio (Settings, Predictions)"
    if known.model != now.model:
        raise UsageProblem(
            f"the version {version!r} holds the predictions of another model, {known.name}-{known.model}",
            where=where,
            remedy=remedy,
        )
    controls = {part["from_name"] for entries in have.values() for entry in entries for part in entry["result"]}
    if other := sorted(controls - {now.control}):
        raise UsageProblem(
            f"the version {version!r} holds predictions that answer the control {other[0]}, not {now.control}",
            where=where,
            remedy=remedy,
        )


def _ours(
    connection: Connection, project: int, there: Iterable[str], noted: Mapping[str, Pushes], now: Pushes
) -> tuple[set[str], dict[str, str | None]]:
    """The versions that are earlier ones of what is pushed now, and those that only look so -> their control."""
    alike = re.compile(re.escape(now.name) + "-[0-9a-f]{12}")
    ours, others = set[str](), dict[str, str | None]()
    for version in there:
        if version in noted:
            of = noted[version]
            ours |= {version} if (of.name, of.control) == (now.name, now.control) else set()
        elif alike.fullmatch(version):
            control = control_of(connection, project, version)
            if control == now.control:
                ours.add(version)
            else:
                others[version] = control
    return ours, others


def _carry_out(
    connection: Connection,
    mirror: Mirror,
    plan: _Plan,
    predictions: dict[int, dict[str, Any]],
    pushed: Pushed,
    wanted: Push,
    log: Callable[[str], Log],
) -> Pushed:
    """Write; the new ones stand before those of stale versions go."""
    note_pushes(mirror, pushed.version, plan.pushes)
    remove_each(connection, [entry for task in predictions for entry in plan.have.get(task, [])])
    texts = {item.id: text_digest(item.text) for item in plan.items}  # after a kill, what is not written is missing
    note_pushes(mirror, pushed.version, dataclasses.replace(plan.pushes, texts={**plan.pushes.texts, **texts}))
    twins = write(connection, pushed.project, pushed.version, predictions, log("write"))
    before = pushed.shows
    shows = pushed.version if wanted.show and not is_queue(before) else before
    shows = "" if shows in pushed.removed else shows
    findings = list(pushed.findings)
    if is_queue(before) and wanted.show:
        show_after(mirror, pushed.version)
        findings.append(
            f"annotators see the queue {before} until `workbench labelstudio queue {pushed.project} --clear`"
        )
    if pushed.written or pushed.standing:
        show(connection, pushed.project, shows)
    for version, count in pushed.removed.items():
        log(f"remove {version}")
        remove(connection, pushed.project, version, count)
        note_pushes(mirror, version, None)
    if pushed.removed:
        show(connection, pushed.project, shows)  # removing any version may make the server show none
    return dataclasses.replace(pushed, twins=twins, shows=shows, findings=tuple(findings))
