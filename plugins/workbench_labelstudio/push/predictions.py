"""What a model says of a project's texts, as Label Studio takes predictions.

A prediction of a label that the label config lacks is left out by the server without a word (it answers 201 and
`{"created": 0}`), so what a model says is held against the config before anything is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import BUNDLE_FILE as MANIFEST
from workbench.api import Bundle, WorkbenchError, unknown
from workbench.api.io import digest_path, is_blank
from workbench_labelstudio.tasks.intents import clean
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls
from workbench_labelstudio.tasks.label_form import result_of, taken
from workbench_labelstudio.tasks.task_parser import Task, parse_task
from workbench_labelstudio.tasks.words import label_name, listed, listed_labels

if TYPE_CHECKING:
    from workbench.api import Intent, Log, Model, Prediction, Predictor
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

BATCH = 256  # texts that a model is asked at once
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A task with a text.

    Args:
        id: of the task.
        text: the model is asked for it.
        task: all of it.
    """

    id: int
    text: str
    task: Task

    @property
    def is_labelled(self) -> bool:
        """Whether somebody has submitted an annotation."""
        return any(not annotation.skipped for annotation in self.task.annotations)

    @property
    def is_open(self) -> bool:
        """Whether nobody has submitted an annotation or skipped the task."""
        return not self.task.annotations


@dataclass(frozen=True)
class ControlLabels:
    """A control of a label config, and how a model's intents are given there.

    Args:
        control: the one that asks for the intent.
        labels: of the intents that the control has, each as it stands in annotations.
    """

    control: Control
    labels: Mapping[Intent, Intent]

    @property
    def data_key(self) -> str:
        """Key of the tasks' data that holds the text, where nobody names another."""
        return self.control.data_key or "text"

    def prediction(self, task: int, intent: Intent, score: float, version: str) -> JSON:
        """As the import of predictions takes it."""
        result = result_of(self.control, [self.labels[intent]])
        return {"task": task, "model_version": version, "score": score, "result": result}

    def refuse_lacking(self, intents: Iterable[Intent], where: object) -> None:
        """Make sure that all predicted intents can be given.

        Raises:
            WorkbenchError: the label config lacks some, which are named.
        """
        lacking = Counter(intent for intent in intents if intent not in self.labels)
        if lacking:
            counted = listed(f"{label_name(intent)!r} ({count:,} texts)" for intent, count in lacking.most_common())
            raise WorkbenchError(
                f"the label config lacks intents that the model predicts: {counted}; nothing was written",
                where=f"{where}: control {self.control.name}",
                remedy="Add them to the label config, or train on the project's labels",
            )


def control_labels(project: Project, model: Model, control: str | None, where: object) -> ControlLabels:
    """How a model's intents are given in a project.

    Intents are held against the annotations' form of a label (its alias where it has one), then against the title that
    annotators see.

    Raises:
        UsageProblem: the control does not exist, or there are several and none is named.
        WorkbenchError: the label config has none of the intents, or takes no predictions.
    """
    chosen = read_controls(project.label_config, where).choose(control, where)
    labels = taken(chosen, model.intents, where)
    if model.intents and not labels:
        raise WorkbenchError(
            f"the label config has none of the model's {len(model.intents)} intents: it has "
            f"{listed_labels(chosen.labels)}, the model {listed_labels(model.intents)}",
            where=f"{where}: control {chosen.name}",
            remedy="Take the model that was trained on this project, or name another --control",
        )
    return ControlLabels(chosen, labels)


def intents_given(labels: Mapping[Intent, Intent]) -> dict[Intent | None, Intent]:
    """Each label as readers see it in an annotation -> the model's intent."""
    return {clean(label): intent for intent, label in labels.items()}


def read_items(mirror: Mirror, key: str, where: object) -> tuple[list[Item], int]:
    """The tasks that have a text, and how many have none.

    Args:
        mirror: in step with the server.
        key: of the tasks' data that holds the text.
        where: what the tasks belong to, for messages.

    Raises:
        UsageProblem: no task has such a key.
        WorkbenchError: there are no tasks, or none has a text.
    """
    items: list[Item] = []
    blank, keys = 0, set[str]()
    for value in mirror.tasks():
        task = parse_task(value, where)
        keys |= task.data.keys()
        text = task.value(key)
        if text is None or is_blank(text):
            blank += 1
        else:
            items.append(Item(int(task.id), text, task))
    if not blank and not items:
        raise WorkbenchError(
            "the project has no tasks", where=where, remedy="Upload texts: workbench labelstudio create"
        )
    if not items and key not in keys:
        raise unknown("key", key, keys, where=f"{where}: data of the tasks")
    if not items:
        raise WorkbenchError(f"all {blank:,} texts are blank", where=where)
    return items, blank


def predict(predictor: Predictor, items: Sequence[Item], log: Log) -> Iterator[tuple[Item, Prediction]]:
    """Each text with its prediction, batch by batch, in their order.

    Raises:
        WorkbenchError: see `Predictor.predict`.
    """
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        yield from zip(batch, predictor.predict([item.text for item in batch]), strict=True)
        log({"progress": min(1.0, (start + BATCH) / len(items))}, start + len(batch))


def identity(predictor: Predictor) -> str:
    """Twelve digits that stand for exactly this model: the id of a bundle, else of all its files."""
    model = predictor.model
    return Bundle(model, ()).id if (model.path / MANIFEST).is_file() else digest_path(model.path)[:12]
