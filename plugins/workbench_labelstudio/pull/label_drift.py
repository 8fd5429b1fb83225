"""Label drift: labels that label config and annotations do not share, and labels that came or went since the last pull.

A label that is renamed or removed in the config stays, under its old name, in the annotations that give it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.pull.mirror import TOUCHED
from workbench_labelstudio.tasks.intents import LABELLED, clean
from workbench_labelstudio.tasks.label_config_reader import read_controls
from workbench_labelstudio.tasks.task_parser import parse_task
from workbench_labelstudio.tasks.words import label_name, listed, listed_labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workbench.api import Intent
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

CONFIG, LABELS, STANDING = "config", "labels", "drift"  # notes in the mirror


@dataclass
class LabelUsage:
    """How often each label of a control is given: in annotations, skips aside, and on tasks."""

    annotations: Counter[Intent] = field(default_factory=Counter)
    tasks: Counter[Intent] = field(default_factory=Counter)


def note_drift(project: Project, mirror: Mirror) -> list[str]:
    """Name what drifted, a sentence each, and remember the labels until the next pull.

    Args:
        project: as it is now.
        mirror: in step with it.
    """
    if not mirror.noted(TOUCHED) and mirror.noted(CONFIG) == project.label_config:
        known: list[str] = mirror.noted(STANDING)
        return known
    try:
        controls = read_controls(project.label_config, where=f"project {project.id}")
    except WorkbenchError as error:  # the pull succeeds; the reader reports the config
        return [str(error)]
    usage = count_labels(mirror.tasks())
    earlier, changes, standing = mirror.noted(LABELS) or {}, list[str](), list[str]()
    for name, control in controls.items():
        if name in earlier:
            changes += label_changes(name, map(_label, earlier[name]), control.labels)
        standing += label_drift(name, control.labels, usage.get(name, LabelUsage()), closed=control.closed)
    in_config = {*controls, *(project.about.get("parsed_label_config") or ())}
    standing += [
        f"{name}: used in annotations ({used.annotations.total():,}), but the label config has no such control"
        for name, used in usage.items()
        if name not in in_config
    ]
    mirror.forget(TOUCHED)
    mirror.note(CONFIG, project.label_config)
    mirror.note(LABELS, {name: list(control.labels) for name, control in controls.items()})
    mirror.note(STANDING, standing)
    return changes + standing


def count_labels(tasks: Iterable[Mapping[str, Any]]) -> dict[str, LabelUsage]:
    """Control -> how often its labels are given.

    Args:
        tasks: as Label Studio exports or lists them.
    """
    usage: defaultdict[str, LabelUsage] = defaultdict(LabelUsage)
    for value in tasks:
        given: defaultdict[str, set[Intent]] = defaultdict(set)
        for annotation in parse_task(value, "task").submitted:
            for name, answer in annotation.answers.items():
                if answer.kind in LABELLED:
                    usage[name].annotations.update(answer.values)
                    given[name].update(answer.values)
        for name, labels in given.items():
            usage[name].tasks.update(labels)
    return usage


def label_changes(control: str, earlier: Iterable[Intent], labels: Iterable[Intent]) -> list[str]:
    """Name the labels of a control that were removed or added since the label config was last seen."""
    before, now = _cleaned(earlier), _cleaned(labels)
    gone, new = [one for one in before if one not in now], [one for one in now if one not in before]
    said = (("removed", gone), ("added", new))
    return [f"{control}: {what} since the last pull: {listed_labels(found)}" for what, found in said if found]


def label_drift(control: str, labels: Iterable[Intent], used: LabelUsage, *, closed: bool = True) -> list[str]:
    """Name the labels of a control that are given but not in the config, and those in the config that nobody gives.

    Args:
        control: its name.
        labels: that the config has.
        used: how often each label is given.
        closed: whether annotators can give the config's labels alone (`Control.closed`).
    """
    now, given, findings = _cleaned(labels), used.annotations, []
    strangers = sorted((label for label in given if label not in now), key=lambda label: (-given[label], str(label)))
    if strangers and closed:
        counted = (
            f"{label_name(label)!r} ({given[label]:,} annotations of {used.tasks[label]:,} tasks)"
            for label in strangers
        )
        findings.append(f"{control}: used in annotations, but not in the label config: {listed(counted)}")
    # a name that others stand below need not be given itself
    above = {label[:end] for label in now if isinstance(label, tuple) for end in range(1, len(label))}
    unused = [label for label in now if label not in given and label not in above]
    if unused and given:
        findings.append(f"{control}: never used, {len(unused)} of {len(now)} labels: {listed_labels(unused)}")
    return findings


def _cleaned(labels: Iterable[Intent]) -> Collection[Intent]:
    return dict.fromkeys(label for given in labels if (label := clean(given)) is not None)


def _label(noted: str | list[str]) -> Intent:
    return tuple(noted) if isinstance(noted, list) else noted
