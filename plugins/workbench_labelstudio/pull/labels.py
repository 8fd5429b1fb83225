"""What the labels of a mirror are: their digest, their drift from the label config, and which came or went in it.

A label that is renamed or removed in the config stays, under its old name, in the annotations that give it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.pull.mirror import TOUCHED
from workbench_labelstudio.tasks.intents import LABELLED, clean
from workbench_labelstudio.tasks.label_config_reader import read_controls
from workbench_labelstudio.tasks.task_parser import parse_task
from workbench_labelstudio.tasks.words import label_name, listed, listed_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workbench.api import Intent
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror
    from workbench_labelstudio.tasks.label_config_reader import Control

NOTE = "labels of all tasks"  # note in the mirror
OF_A_TASK = ("id", "data", "meta")
OF_AN_ANNOTATION = ("id", "result", "was_cancelled", "ground_truth", "completed_by")
Usage = dict[str, Counter["Intent"]]  # control -> how many annotations, skips aside, give each of its labels


@dataclass(frozen=True)
class MirrorLabels:
    """The labels of a mirror, which stay the same as long as neither the tasks nor the label config change.

    Args:
        config: the label config.
        digest: sha256 of the label config and of every task that has an annotation, skips included. Times are left
            out, but not the order in which the annotations of a task were made: the latest one may count.
        labelled: number of these tasks.
        drift: labels that label config and annotations do not share, a sentence each.
        changes: labels that were added to the label config or removed since the last call, a sentence each.
    """

    config: str
    digest: str
    labelled: int
    drift: tuple[str, ...]
    changes: tuple[str, ...] = ()


def mirror_labels(project: Project, mirror: Mirror) -> MirrorLabels:
    """The labels of a mirror, which is read only if it has changed since the last call, in whatever process.

    Args:
        project: as it is now.
        mirror: in step with it.
    """
    noted = mirror.noted(NOTE)
    if noted and not mirror.noted(TOUCHED) and noted["config"] == project.label_config:
        return MirrorLabels(**noted | {"drift": tuple(noted["drift"]), "changes": ()})
    digest, labelled, usage = hashlib.sha256(project.label_config.encode()), 0, Usage()
    for task in mirror.tasks():
        if task["annotations"]:
            labelled += 1
            digest.update(_digested(task))
            count_labels(task, usage)
    labels = MirrorLabels(project.label_config, digest.hexdigest(), labelled, tuple(_drift(project, usage)))
    mirror.note(NOTE, asdict(labels))
    mirror.forget(TOUCHED)
    return replace(labels, changes=tuple(label_changes(noted["config"], project.label_config))) if noted else labels


def count_labels(task: Mapping[str, Any], usage: Usage) -> None:
    """Count the labels that the annotations of a task give, skips aside.

    Args:
        task: as Label Studio exports or lists it.
        usage: the counts are added to it.
    """
    for annotation in parse_task(task, "task").submitted:
        for name, answer in annotation.answers.items():
            if answer.kind in LABELLED:
                usage.setdefault(name, Counter()).update(answer.values)


def label_drift(control: Control, given: Counter[Intent]) -> Iterator[str]:
    """Name the labels of a control that are given but not in the config, and those in the config that nobody gives.

    Args:
        control: of the config.
        given: how often each label is given.
    """
    now = _clean_labels(control)
    strangers = sorted((label for label in given if label not in now), key=lambda label: (-given[label], str(label)))
    if strangers and control.closed:
        counted = listed(f"{label_name(label)!r} ({given[label]:,} annotations)" for label in strangers)
        yield f"{control.name}: used in annotations, but not in the label config: {counted}"
    # a name that others stand below need not be given itself
    above = {label[:end] for label in now if isinstance(label, tuple) for end in range(1, len(label))}
    unused = [label for label in now if label not in given and label not in above]
    if unused and given:
        yield f"{control.name}: never used, {len(unused)} of {len(now)} labels: {listed_labels(unused)}"


def label_changes(earlier: str, config: str) -> Iterator[str]:
    """Name the labels of each control that were removed or added between two label configs."""
    try:
        before, now = read_controls(earlier), read_controls(config)
    except WorkbenchError:  # the drift reports the config
        return
    for name in [name for name in now if name in before]:
        old, new = _clean_labels(before[name]), _clean_labels(now[name])
        if removed := [label for label in old if label not in new]:
            yield f"{name}: removed since the last pull: {listed_labels(removed)}"
        if added := [label for label in new if label not in old]:
            yield f"{name}: added since the last pull: {listed_labels(added)}"


def _drift(project: Project, usage: Usage) -> Iterator[str]:
    try:
        controls = read_controls(project.label_config, where=f"project {project.id}")
    except WorkbenchError as error:  # the pull succeeds; the reader reports the config
        yield str(error)
        return
    for name, control in controls.items():
        yield from label_drift(control, usage.get(name, Counter()))
    in_config = {*controls, *(project.about.get("parsed_label_config") or ())}
    for name, given in usage.items():
        if name not in in_config:
            yield f"{name}: used in annotations ({given.total():,}), but the label config has no such control"


def _clean_labels(control: Control) -> dict[Intent, None]:
    return dict.fromkeys(label for one in control.labels if (label := clean(one)) is not None)


def _digested(task: Mapping[str, Any]) -> bytes:
    annotations = sorted(task["annotations"], key=lambda annotation: (annotation["updated_at"], annotation["id"]))
    rows: list[Any] = [[annotation.get(key) for key in OF_AN_ANNOTATION] for annotation in annotations]
    return json.dumps([*[task.get(key) for key in OF_A_TASK], rows], sort_keys=True).encode() + b"\n"
