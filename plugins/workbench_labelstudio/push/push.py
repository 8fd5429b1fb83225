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
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench_labelstudio.project.display_settings import is_queue, show, show_after
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.push.prediction_store import PredictionStore
from workbench_labelstudio.push.predictions import ControlLabels, Item, control_labels, identity, predict, read_items
from workbench_labelstudio.push.push_record import Pushes, agrees, note_pushes, noted_pushes, text_digest
from workbench_labelstudio.tasks.words import label_name, listed_labels
from workbench_labelstudio.versions import model_name, model_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workbench.api import Log, Predictor
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import PushOptions
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror
    from workbench_labelstudio.push.prediction_store import Entry


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
    twins: int
    shows: str
    intents: dict[str, int]
    findings: tuple[str, ...] = ()
    dry: bool = False


@dataclass
class PushPlan:
    """What a push has to do.

    Args:
        form: how the model's intents are given in the project.
        have: task -> its predictions of the version.
        items: the tasks that may need a new one.
        blank: tasks without a text.
        pushes: what earlier pushes of the version wrote.
        stale: earlier versions of the model -> how many predictions of them.
        findings: notes for the user, a sentence each.
    """

    form: ControlLabels
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
    job = _PushJob(connection, pulled.project, mirror, predictor, options)
    plan = job.plan()
    predictions, intents = {}, Counter[str]()
    if plan.items:
        said = [(item, answer.top[0]) for item, answer in predict(predictor, plan.items, log("predict"))]
        plan.form.refuse_lacking((intent for _, (intent, _) in said), job.store.where)
        for item, (intent, score) in said:
            prediction = plan.form.prediction(item.id, intent, score, job.version)
            if item.id not in plan.have or not agrees(plan.have[item.id][0], prediction):
                predictions[item.id] = prediction
                intents[label_name(intent)] += 1
    replaced = len(predictions.keys() & plan.have.keys())
    pushed = Pushed(
        project=project.id,
        version=job.version,
        written=len(predictions),
        replaced=replaced,
        standing=len(plan.have) - replaced,
        blank=plan.blank,
        removed=plan.stale,
        twins=0,
        shows=str(pulled.project.about["model_version"] or ""),
        intents=dict(sorted(intents.items())),
        findings=(*pulled.findings, *plan.findings),
        dry=options.dry_run,
    )
    return pushed if options.dry_run else job.carry_out(plan, predictions, pushed, log)


class _PushJob:
    """One push of one model to one project."""

    def __init__(
        self, connection: Connection, project: Project, mirror: Mirror, predictor: Predictor, options: PushOptions
    ) -> None:
        self.connection, self.project, self.mirror, self.options = connection, project, mirror, options
        self.model, self.name, self.number = predictor.model, model_name(predictor.model.path), identity(predictor)
        self.version = options.version or model_version(predictor.model.path, self.number)
        self.store = PredictionStore(connection, project.id)

    def plan(self) -> PushPlan:
        """Compare the tasks with the server's predictions; write nothing."""
        if is_queue(self.version):
            raise UsageProblem(
                f"{self.version!r} is a name of a queue's predictions", remedy="Choose another --version"
            )
        form = control_labels(self.project, self.model, self.options.control, self.store.where)
        items, blank = read_items(self.mirror, self.options.text or form.data_key, self.store.where)
        have, noted = self.store.by_task(self.version), noted_pushes(self.mirror)
        now = Pushes(self.name, self.number, form.control.name)
        known = noted.get(self.version, now) if have else now
        self._refuse_other(have, known, now)
        chosen = [item for item in items if self.options.only == "all" or not item.is_labelled]
        needed = [item for item in chosen if item.id not in have or known.texts.get(item.id) != text_digest(item.text)]
        there = self.store.versions()
        ours, others = self._ours(there, noted, now)
        stale = {} if self.options.keep_stale else {other: there[other] for other in sorted(ours - {self.version})}
        return PushPlan(form, have, needed, blank, known, stale, self._findings(form, ours, others))

    def carry_out(
        self, plan: PushPlan, predictions: dict[int, dict[str, Any]], pushed: Pushed, log: Callable[[str], Log]
    ) -> Pushed:
        """Write the new predictions, then remove the stale versions."""
        note_pushes(self.mirror, self.version, plan.pushes)
        self.store.remove([entry for task in predictions for entry in plan.have.get(task, [])])
        # noted before they are written: a killed push leaves predictions missing, which the next push writes
        texts = {item.id: text_digest(item.text) for item in plan.items}
        pushes = dataclasses.replace(plan.pushes, texts={**plan.pushes.texts, **texts})
        note_pushes(self.mirror, self.version, pushes)
        twins = self.store.write(self.version, predictions, log("write"))
        findings, shows = list(pushed.findings), pushed.shows
        if self.options.show and is_queue(shows):
            show_after(self.mirror, self.version)
            end = f"workbench labelstudio queue {self.project.id} --clear"
            findings.append(f"annotators see the queue {shows} until `{end}`")
        elif self.options.show:
            shows = self.version
        shows = "" if shows in plan.stale else shows
        if pushed.written or pushed.standing:
            show(self.connection, self.project.id, shows)
        for version, count in plan.stale.items():
            log(f"remove {version}")
            self.store.remove_version(version, count)
            note_pushes(self.mirror, version, None)
        if plan.stale:
            show(self.connection, self.project.id, shows)  # removing any version may make the server show none
        return dataclasses.replace(pushed, twins=twins, shows=shows, findings=tuple(findings))

    def _refuse_other(self, have: dict[int, list[Entry]], known: Pushes, now: Pushes) -> None:
        """Refuse to mix predictions of another model or for another control into a version."""
        controls = {part["from_name"] for entries in have.values() for entry in entries for part in entry["result"]}
        holds = ""
        if known.model != now.model:
            holds = f"the predictions of another model, {known.name}-{known.model}"
        elif other := sorted(controls - {now.control}):
            holds = f"predictions that answer the control {other[0]}, not {now.control}"
        if holds:
            raise UsageProblem(
                f"the version {self.version!r} holds {holds}",
                where=self.store.where,
                remedy="Choose another --version, or first delete its predictions in Label Studio (Settings, "
                "Predictions)",
            )

    def _ours(
        self, there: Iterable[str], noted: Mapping[str, Pushes], now: Pushes
    ) -> tuple[set[str], dict[str, str | None]]:
        """Earlier versions of this model, and versions of the same name for another control -> that control."""
        alike = re.compile(re.escape(now.name) + "-[0-9a-f]{12}")
        ours, others = set[str](), dict[str, str | None]()
        for version in there:
            if version in noted:
                of = noted[version]
                ours |= {version} if (of.name, of.control) == (now.name, now.control) else set()
            elif alike.fullmatch(version):
                control = self.store.control_of(version)
                if control == now.control:
                    ours.add(version)
                else:
                    others[version] = control
        return ours, others

    def _findings(self, form: ControlLabels, ours: set[str], others: Mapping[str, str | None]) -> list[str]:
        lacking = [intent for intent in self.model.intents if intent not in form.labels]
        findings = [f"the label config lacks intents of the model: {listed_labels(lacking)}"] if lacking else []
        if self.options.show and not self.project.about.get("show_collab_predictions", True):
            findings.append("annotators see none: switch on Settings, Annotation, Use predictions to prelabel tasks")
        findings += [f"{other} answers the control {control}: left alone" for other, control in others.items()]
        before = self.project.about["model_version"]
        if self.options.show and before and before not in {self.version, *ours} and not is_queue(before):
            findings.append(f"annotators saw {before} so far")
        return findings
