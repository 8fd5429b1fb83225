"""Put a model's predictions onto the tasks of a project: each task one of the model's version, others' left alone."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workbench.errors import UsageProblem
from workbench_labelstudio.sync.predictions import (
    Asked,
    Item,
    ask,
    asked,
    identity,
    listed,
    read_items,
    shown_intent,
)
from workbench_labelstudio.sync.pull import pull
from workbench_labelstudio.sync.shown import is_queue, show, show_after
from workbench_labelstudio.sync.standing import remove, standing, versions, write
from workbench_labelstudio.versions import model_name, model_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.context import Log
    from workbench.nouns.predictor import Predictor
    from workbench_labelstudio.sync.connection import Connection
    from workbench_labelstudio.sync.mirror import Mirror
    from workbench_labelstudio.sync.project import Project

PUSHED = "pushed"  # note in the mirror: versions that were pushed under each model's name
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
        standing: tasks that had one.
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
    standing: int
    items: list[Item]
    blank: int
    stale: dict[str, int]
    findings: list[str] = field(default_factory=list)


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
    project = pull(connection, project, mirror, log("pull")).project
    name = model_name(predictor.model.path)
    plan = _plan(connection, project, mirror, predictor, name, wanted)
    predictions, intents = {}, Counter[str]()
    if plan.items:
        said = [(item, answer.prediction) for item, answer in ask(predictor, plan.items, log("predict"))]
        plan.asked.refuse_lacking((answer.top[0][0] for _, answer in said), f"{connection.url}/projects/{project.id}")
        for item, answer in said:
            intent, score = answer.top[0]
            predictions[item.id] = plan.asked.prediction(item.id, intent, score, plan.version)
            intents[shown_intent(intent)] += 1
    pushed = Pushed(
        project.id,
        plan.version,
        len(predictions),
        plan.standing,
        plan.blank,
        plan.stale,
        0,
        str(project.about["model_version"] or ""),
        dict(sorted(intents.items())),
        tuple(plan.findings),
        wanted.dry,
    )
    return pushed if wanted.dry else _carry_out(connection, mirror, name, predictions, pushed, wanted, log)


def _plan(
    connection: Connection, project: Project, mirror: Mirror, predictor: Predictor, name: str, wanted: Push
) -> _Plan:
    """What is there to do; nothing is written."""
    where = f"{connection.url}/projects/{project.id}"
    version = wanted.version or model_version(predictor.model.path, identity(predictor))
    if is_queue(version):
        raise UsageProblem(f"{version!r} is a name of a queue's predictions", remedy="Choose another --version")
    told = asked(project, predictor.model, wanted.control, where)
    items, blank = read_items(mirror, wanted.text or told.control.data_key or FALLBACK_KEY, where)
    have = standing(connection, project.id, version)
    needed = [item for item in items if item.id not in have and (wanted.only == "all" or not item.is_labelled)]
    lacking = [intent for intent in predictor.model.intents if intent not in told.labels]
    findings = [f"the label config lacks intents of the model: {listed(lacking)}"] if lacking else []
    if wanted.show and not project.about.get("show_collab_predictions", True):
        findings.append("annotators see none: switch on Settings, Annotation, Use predictions to prelabel tasks")
    earlier = {version, *(mirror.noted(PUSHED) or {}).get(name, [])}
    pattern = re.compile(re.escape(name) + "-[0-9a-f]{12}")
    there = versions(connection, project.id)
    ours = {other for other in there if other in earlier or pattern.fullmatch(other)}
    stale = {other: there[other] for other in sorted(ours - {version})} if wanted.stale else {}
    before = project.about["model_version"]
    if wanted.show and before and before not in ours and not is_queue(before):
        findings.append(f"annotators saw {before} so far")
    return _Plan(version, told, len(have), needed, blank, stale, findings)


def _carry_out(
    connection: Connection,
    mirror: Mirror,
    name: str,
    predictions: dict[int, dict[str, object]],
    pushed: Pushed,
    wanted: Push,
    log: Callable[[str], Log],
) -> Pushed:
    """Write; the new ones stand before the stale ones go."""
    noted = mirror.noted(PUSHED) or {}
    if pushed.version not in noted.get(name, []):
        mirror.note(PUSHED, noted | {name: [*noted.get(name, []), pushed.version]})
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
    if pushed.removed:
        show(connection, pushed.project, shows)  # removing any version may make the server show none
    return dataclasses.replace(pushed, twins=twins, shows=shows, findings=tuple(findings))
