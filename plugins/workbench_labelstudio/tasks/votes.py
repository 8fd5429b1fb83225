"""What a task's annotations say of it: votes, and what a policy makes of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError, unknown
from workbench.api.io import is_blank
from workbench_labelstudio.tasks.consolidate import POLICIES, Vote, estimate_weights
from workbench_labelstudio.tasks.intents import LEAF, OUT_OF_SCOPE, intent_of
from workbench_labelstudio.tasks.words import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.api import Intent
    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.consolidate import Intents, Weights
    from workbench_labelstudio.tasks.intents import Level
    from workbench_labelstudio.tasks.task_parser import Annotation, Task

REASONS = ("blank", "unlabelled", "skipped", "empty", "disagreement")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a task.

    Args:
        task: the task.
        votes: its submitted annotations that have an intent, which may be `OUT_OF_SCOPE`.
        intents: what the policy makes of them; () when the task is left out.
        reason: why it is left out, one of `REASONS`; None when it is kept.
    """

    task: Task
    votes: Sequence[Vote]
    intents: Intents
    reason: str | None

    @property
    def disputed(self) -> bool:
        """Whether not all votes say the same."""
        return len({frozenset(vote.intents) for vote in self.votes}) > 1


def judge(
    tasks: Sequence[Task], control: str | None, options: TaskOptions, source: object
) -> tuple[list[Verdict], Weights]:
    """A verdict on each task, and what the annotators weigh; {} unless the policy asks for it.

    Raises:
        WorkbenchError: a task has several intents, two labels make the same intent, a weight is for nobody, or the
            policy needs a time that an annotation lacks.
    """
    if options.taxonomy == LEAF:
        _refuse_ambiguous(tasks, control, source)
    if options.several == "refuse":
        _refuse_several(tasks, control, source)
    votes = [_votes(task, control, options) for task in tasks]
    weights = _weights(tasks, votes, options, source)
    return [_verdict(task, ballot, options, weights) for task, ballot in zip(tasks, votes, strict=True)], weights


def _votes(task: Task, control: str | None, options: TaskOptions) -> list[Vote]:
    """The submitted annotations of a task that give intents, by rising id; those that give none count as `empty` says.

    Where a ground truth gives none, it says so for all under the policy that follows it.
    """
    none = (OUT_OF_SCOPE,) if options.empty == "out-of-scope" else ()
    votes = [
        Vote(
            (_intents(annotation, control, options.taxonomy) or none)[: 1 if options.several == "first" else None],
            annotation.annotator,
            annotation.ground_truth,
            annotation.updated or annotation.created or "",
        )
        for annotation in task.submitted
    ]
    marked = [vote for vote in votes if vote.ground_truth]
    if options.policy == "ground-truth" and marked and not any(vote.intents for vote in marked):
        return []
    return [vote for vote in votes if vote.intents]


def gives_several(task: Task, control: str | None) -> bool:
    """Whether an annotation of the task gives several intents."""
    return any(len(annotation.values(control)) > 1 for annotation in task.submitted)


def _intents(annotation: Annotation, control: str | None, level: Level) -> Intents:
    return tuple(intent for label in annotation.values(control) if (intent := intent_of(label, level)))


def _verdict(task: Task, votes: Sequence[Vote], options: TaskOptions, weights: Weights) -> Verdict:
    intents, reason = _decide(task, votes, options, weights)
    return Verdict(task, votes, intents, reason)


def _decide(task: Task, votes: Sequence[Vote], options: TaskOptions, weights: Weights) -> tuple[Intents, str | None]:
    text = task.value(options.text)
    if text is None or is_blank(text):
        return (), "blank"
    if not task.annotations:
        return (), "unlabelled"
    if not task.submitted:
        return (), "skipped"
    if not votes:
        return (), "empty"
    try:
        intents = POLICIES[options.policy](votes, weights)
    except ValueError as error:
        raise WorkbenchError(
            f"has an annotation without a readable time ({error})",
            where=task.where,
            remedy="Choose the policy ground-truth or majority",
        ) from error
    return (intents, None) if intents else ((), "disagreement")


def _weights(tasks: Sequence[Task], votes: Sequence[Sequence[Vote]], options: TaskOptions, source: object) -> Weights:
    if options.policy != "weighted":
        if options.weights is not None:
            raise UsageProblem(
                f"weights are given, but the policy is {options.policy}",
                where=source,
                remedy='Set policy = "weighted", or leave the weights out',
            )
        return {}
    if options.weights is None:
        return estimate_weights(votes)
    people: dict[str | None, str | None] = {}
    for annotation in (annotation for task in tasks for annotation in task.annotations):
        people[annotation.annotator] = annotation.email or people.get(annotation.annotator)
    return _table(options.weights, people, source)


def _table(given: Mapping[str, float], people: Mapping[str | None, str | None], source: object) -> Weights:
    names = {name for pair in people.items() for name in pair if name is not None}
    for name, weight in given.items():
        if name not in names:
            raise unknown("annotator", name, names, where=f"{source}: option weights")
        if weight < 0:
            raise UsageProblem(
                f"{name} weighs {weight:g}", where=f"{source}: option weights", remedy="Give a number from 0 on"
            )
    return {person: given.get(person or "", given.get(email or "", 1.0)) for person, email in people.items()}


def _refuse_several(tasks: Sequence[Task], control: str | None, source: object) -> None:
    several = [task.id for task in tasks if gives_several(task, control)]
    if several:
        raise WorkbenchError(
            f"{len(several):,} tasks have several choices for {control!r}: task {listed(several)}",
            where=source,
            remedy='Leave one choice in each, or set several = "first" (only the first counts) or several = "explode" '
            "(an utterance for each)",
        )


def _refuse_ambiguous(tasks: Sequence[Task], control: str | None, source: object) -> None:
    """A taxonomy may have one name, such as "other", below several; as an intent, it would be all of them."""
    paths: defaultdict[Intent | None, set[Intent]] = defaultdict(set)
    for task in tasks:
        for annotation in task.submitted:
            for label in annotation.values(control):
                paths[intent_of(label, LEAF)].add(label)
    for leaf, found in paths.items():
        if len(found) > 1:
            shown = ", ".join(sorted(label if isinstance(label, str) else " / ".join(label) for label in found))
            raise WorkbenchError(
                f"{leaf!r} is the last name of {len(found)} paths of {control!r}: {shown}",
                where=source,
                remedy='Set taxonomy = "path", which makes an intent of each',
            )
