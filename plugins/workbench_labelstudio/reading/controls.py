"""Which control of the label config asks for the intent."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from workbench.errors import UsageProblem, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench_labelstudio.reading.tasks import Task


def choose_control(tasks: Iterable[Task], wanted: str | None, where: object) -> str | None:
    """The control called `wanted`, or the only Choices control; None when no annotation answers any.

    Raises:
        UsageProblem: there is none called so, it is no Choices control, or there are several and none is wanted.
    """
    kinds: dict[str, str] = {}
    answered: Counter[str] = Counter()
    choices: dict[str, set[str]] = defaultdict(set)
    for task in tasks:
        for annotation in task.annotations:
            for name, answer in annotation.answers.items():
                kinds[name] = answer.kind
                answered[name] += not annotation.skipped
                choices[name].update(answer.values)
    candidates = [name for name, kind in sorted(kinds.items()) if kind == "choices"]
    if not kinds or wanted in candidates:
        return wanted
    if wanted in kinds:
        raise UsageProblem(
            f"the control {wanted!r} is of type {kinds[wanted]}, only Choices are read",
            where=where,
            remedy=f"Choices controls: {', '.join(candidates) or 'there are none'}",
        )
    if wanted is not None:
        raise unknown("control", wanted, candidates, where=where)
    if len(candidates) > 1:
        listed = ", ".join(
            f"{name} ({answered[name]:,} annotations, {len(choices[name])} choices)" for name in candidates
        )
        likely = max(candidates, key=lambda name: len(choices[name]))
        raise UsageProblem(
            f"holds {len(candidates)} Choices controls: {listed}",
            where=where,
            remedy=f'Name the one that asks for the intent: control = "{likely}"',
        )
    return candidates[0] if candidates else None
