"""Which control asks for the intent: as the label config says, else as far as the annotations do."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, unknown
from workbench_labelstudio.tasks.intents import LABELLED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workbench.api import Intent
    from workbench_labelstudio.tasks.label_config_reader import Controls
    from workbench_labelstudio.tasks.task_parser import Task


def choose(labels: Mapping[str, Collection[Intent]], wanted: str | None, where: object) -> str:
    """The control called `wanted`, or the only one.

    Args:
        labels: of each control that asks for labels, by its name.
        wanted: its name; None = the only one.
        where: they belong to, for messages.

    Raises:
        UsageProblem: there is none called so, or there are none or several and none is wanted.
    """
    if wanted is not None and wanted not in labels:
        raise unknown("control", wanted, labels, where=where)
    if wanted is None and not labels:
        raise UsageProblem("the label config has no Choices or Taxonomy", where=where)
    if wanted is None and len(labels) > 1:
        listed = ", ".join(f"{name} ({len(found)} labels)" for name, found in labels.items())
        likely = max(labels, key=lambda name: len(labels[name]))
        raise UsageProblem(
            f"has {len(labels)} controls that ask for labels: {listed}",
            where=where,
            remedy=f'Name the one that asks for the intent: control = "{likely}"',
        )
    return wanted or next(iter(labels))


def choose_control(
    tasks: Iterable[Task], wanted: str | None, where: object, controls: Controls | None = None
) -> str | None:
    """The control called `wanted`, else the only one of the label config, whatever was answered so far.

    Without a label config, it is the only one that annotations answer; None where they answer none.

    Args:
        tasks: whose annotations name controls.
        wanted: its name; one that only annotations know may be wanted, too.
        where: the tasks come from, for messages.
        controls: of the label config; None where that is not known.

    Raises:
        UsageProblem: see `choose`, or the control called so holds no labels.
    """
    if controls is not None and wanted is None:
        return controls.choose(None, where).name
    kinds: dict[str, str] = {}
    labels: defaultdict[str, set[Intent]] = defaultdict(set)
    for task in tasks:
        for annotation in task.annotations:
            for name, answer in annotation.answers.items():
                kinds[name] = answer.kind
                labels[name].update(answer.values)
    answered = {name: labels[name] for name, kind in sorted(kinds.items()) if kind in LABELLED}
    if wanted in kinds and wanted not in answered:
        raise UsageProblem(
            f"the control {wanted!r} is of type {kinds[wanted]}, only Choices and Taxonomy are read",
            where=where,
            remedy=f"Choices and Taxonomy controls: {', '.join(answered) or 'there are none'}",
        )
    if not kinds or (wanted is None and not answered):
        return wanted
    return choose({**{name: control.labels for name, control in (controls or {}).items()}, **answered}, wanted, where)
