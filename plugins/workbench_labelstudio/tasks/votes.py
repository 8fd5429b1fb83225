"""The votes of a task's annotations."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError, unknown
from workbench.api.review import Ballot, Vote
from workbench_labelstudio.tasks.intents import LEAF, intent_of
from workbench_labelstudio.tasks.words import label_name, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.api import Intent
    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.task_parser import Annotation, Task


def read_ballots(tasks: Sequence[Task], control: str | None, options: TaskOptions, where: object) -> list[Ballot]:
    """The votes on each task, by rising id of their annotations.

    Args:
        tasks: in the order of the ballots.
        control: that asks for the intent.
        options: what makes a vote.
        where: the tasks come from, for messages.

    Raises:
        WorkbenchError: a task has several intents, two labels make the same intent, or a weight is for nobody.
    """
    if options.taxonomy == LEAF:
        _refuse_ambiguous(tasks, control, where)
    if options.several == "refuse":
        _refuse_several(tasks, control, where)
    weights = _weights(tasks, options.weights, where) if options.weights is not None else {}
    return [
        Ballot(
            task.id,
            task.value(options.text) or "",
            tuple(_vote(annotation, control, options, weights) for annotation in task.submitted),
            task.where,
        )
        for task in tasks
    ]


def gives_several(task: Task, control: str | None) -> bool:
    """Whether an annotation of the task gives several intents."""
    return any(len(annotation.values(control)) > 1 for annotation in task.submitted)


def _vote(
    annotation: Annotation, control: str | None, options: TaskOptions, weights: Mapping[str | None, float]
) -> Vote:
    """A submitted annotation as a vote; the option `empty` says what one without an intent means."""
    labels = (intent_of(label, options.taxonomy) for label in annotation.values(control))
    intents = tuple(intent for intent in labels if intent)
    none = () if options.empty == "out-of-scope" else None
    return Vote(
        annotation.annotator,
        (intents[:1] if options.several == "first" else intents) or none,
        annotation.ground_truth,
        annotation.updated or annotation.created or "",
        weights.get(annotation.annotator),
    )


def _weights(tasks: Sequence[Task], table: Mapping[str, float], where: object) -> Mapping[str | None, float]:
    """The weight of each annotator, who may stand in the table by id or by email; 1 for the others."""
    people: dict[str | None, str | None] = {}
    for annotation in (annotation for task in tasks for annotation in task.annotations):
        people[annotation.annotator] = annotation.email or people.get(annotation.annotator)
    names = {name for pair in people.items() for name in pair if name is not None}
    for name, weight in table.items():
        if name not in names:
            raise unknown("annotator", name, names, where=f"{where}: option weights")
        if weight < 0:
            raise UsageProblem(
                f"{name} weighs {weight:g}", where=f"{where}: option weights", remedy="Give a number from 0 on"
            )
    return {person: table.get(person or "", table.get(email or "", 1.0)) for person, email in people.items()}


def _refuse_several(tasks: Sequence[Task], control: str | None, where: object) -> None:
    several = [task.id for task in tasks if gives_several(task, control)]
    if several:
        raise WorkbenchError(
            f"{len(several):,} tasks have several choices for {control!r}: task {listed(several)}",
            where=where,
            remedy='Leave one choice in each, or set several = "first" (only the first counts) or several = "explode" '
            "(an utterance for each)",
        )


def _refuse_ambiguous(tasks: Sequence[Task], control: str | None, where: object) -> None:
    """A taxonomy may have one name, such as "other", below several; as an intent, it would be all of them."""
    paths: defaultdict[Intent | None, set[Intent]] = defaultdict(set)
    for task in tasks:
        for annotation in task.submitted:
            for label in annotation.values(control):
                paths[intent_of(label, LEAF)].add(label)
    for leaf, found in paths.items():
        if len(found) > 1:
            raise WorkbenchError(
                f"{leaf!r} is the last name of {len(found)} paths of {control!r}: "
                + ", ".join(sorted(map(label_name, found))),
                where=where,
                remedy='Set taxonomy = "path", which makes an intent of each',
            )
