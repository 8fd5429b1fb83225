"""Which control asks for the intent: as the label config says, else as far as the annotations do."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

from workbench.api import UsageProblem, unknown
from workbench_labelstudio.tasks.intents import LABELLED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from workbench.api import Intent
    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.label_config_reader import Controls
    from workbench_labelstudio.tasks.task_parser import Task

    Options = TypeVar("Options", bound=TaskOptions)


def with_control(options: Options, controls: Controls, where: object) -> Options:
    """The options with the only control of a label config where they name none, whatever was answered so far.

    Raises:
        UsageProblem: the label config has none, or several.
    """
    return options if options.control else dataclasses.replace(options, control=controls.choose(None, where).name)


def choose_control(tasks: Iterable[Task], wanted: str | None, where: object, known: Collection[str] = ()) -> str | None:
    """The control called `wanted`, or the only Choices or Taxonomy control; None when no annotation answers any.

    Args:
        tasks: whose annotations name controls.
        wanted: its name.
        where: the tasks come from, for messages.
        known: the controls of the label config, where that is known: one of them may be wanted that nobody answered.

    Raises:
        UsageProblem: there is none called so, it holds no labels, or there are several and none is wanted.
    """
    kinds: dict[str, str] = {}
    answered: Counter[str] = Counter()
    choices: defaultdict[str, set[Intent]] = defaultdict(set)
    for task in tasks:
        for annotation in task.annotations:
            for name, answer in annotation.answers.items():
                kinds[name] = answer.kind
                answered[name] += not annotation.skipped
                choices[name].update(answer.values)
    candidates = [name for name, kind in sorted(kinds.items()) if kind in LABELLED]
    if not kinds or wanted in candidates or (wanted in known and wanted not in kinds):
        return wanted
    if wanted in kinds:
        raise UsageProblem(
            f"the control {wanted!r} is of type {kinds[wanted]}, only Choices and Taxonomy are read",
            where=where,
            remedy=f"Choices and Taxonomy controls: {', '.join(candidates) or 'there are none'}",
        )
    if wanted is not None:
        raise unknown("control", wanted, {*candidates, *known}, where=where)
    if len(candidates) > 1:
        listed = ", ".join(
            f"{name} ({answered[name]:,} annotations, {len(choices[name])} choices)" for name in candidates
        )
        likely = max(candidates, key=lambda name: len(choices[name]))
        raise UsageProblem(
            f"holds {len(candidates)} Choices or Taxonomy controls: {listed}",
            where=where,
            remedy=f'Name the one that asks for the intent: control = "{likely}"',
        )
    return candidates[0] if candidates else None
