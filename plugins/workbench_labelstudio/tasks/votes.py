"""The votes of a task's annotations, and the intents that a policy makes of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError, unknown
from workbench.api.io import is_blank
from workbench.api.review import Ballot, Vote
from workbench_labelstudio.tasks.intents import LEAF, OUT_OF_SCOPE, intent_of
from workbench_labelstudio.tasks.words import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.api import Host, Intent
    from workbench.api.review import Outcome
    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.task_parser import Annotation, Task

REASONS = ("blank", "unlabelled", "skipped", "empty", "disagreement")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a task.

    Args:
        task: the task.
        votes: its submitted annotations that give an intent or `OUT_OF_SCOPE`.
        intents: the outcome, which may be `OUT_OF_SCOPE`; () when the task is left out.
        reason: why it is left out, one of `REASONS`; None when it is kept.
    """

    task: Task
    votes: Sequence[Vote]
    intents: tuple[Intent, ...]
    reason: str | None

    @property
    def disputed(self) -> bool:
        """Whether not all votes say the same."""
        return len({frozenset(vote.labels) for vote in self.votes}) > 1


@dataclass(frozen=True)
class ConsolidatedTasks:
    """What became of the tasks of a source.

    Args:
        verdicts: one for each task.
        policy: the name of the policy.
        weights: of the annotators, where the policy weighs them.
    """

    verdicts: Sequence[Verdict]
    policy: str
    weights: Mapping[str | None, float]


def consolidate(
    tasks: Sequence[Task], control: str | None, options: TaskOptions, source: object, host: Host
) -> ConsolidatedTasks:
    """Make intents of the votes on each task, by the policy of the options.

    Raises:
        WorkbenchError: see `read_ballots`, or the policy refuses the votes.
    """
    policies = host.registry("consolidations")
    name = options.policy or policies.default
    policy = policies.pick(name, f"{source}: option policy")
    if options.weights is not None and not policy.weighs:
        raise UsageProblem(
            f"weights are given, but the policy is {name}",
            where=source,
            remedy=f'Set policy = "{" or ".join(policies.declaring("weighs"))}", or leave the weights out',
        )
    ballots = read_ballots(tasks, control, options, source)
    made = policy(ballots)
    verdicts = [
        _verdict(task, ballot, outcome) for task, ballot, outcome in zip(tasks, ballots, made.outcomes, strict=True)
    ]
    return ConsolidatedTasks(verdicts, name, made.weights)


def read_ballots(tasks: Sequence[Task], control: str | None, options: TaskOptions, source: object) -> list[Ballot]:
    """The votes on each task, by rising id of their annotations.

    Raises:
        WorkbenchError: a task has several intents, two labels make the same intent, or a weight is for nobody.
    """
    if options.taxonomy == LEAF:
        _refuse_ambiguous(tasks, control, source)
    if options.several == "refuse":
        _refuse_several(tasks, control, source)
    weights = _weights(tasks, options.weights, source) if options.weights is not None else {}
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


def _verdict(task: Task, ballot: Ballot, outcome: Outcome) -> Verdict:
    reason = _reason(task, ballot, outcome)
    votes = [] if outcome.reason == "empty" else [vote for vote in ballot.votes if vote.intents is not None]
    return Verdict(task, votes, () if reason else outcome.intents or (OUT_OF_SCOPE,), reason)


def _reason(task: Task, ballot: Ballot, outcome: Outcome) -> str | None:
    if is_blank(ballot.text):
        return "blank"
    if not task.annotations:
        return "unlabelled"
    return outcome.reason if task.submitted else "skipped"


def _weights(tasks: Sequence[Task], table: Mapping[str, float], source: object) -> Mapping[str | None, float]:
    """The weight of each annotator, who may stand in the table by id or by email; 1 for the others."""
    people: dict[str | None, str | None] = {}
    for annotation in (annotation for task in tasks for annotation in task.annotations):
        people[annotation.annotator] = annotation.email or people.get(annotation.annotator)
    names = {name for pair in people.items() for name in pair if name is not None}
    for name, weight in table.items():
        if name not in names:
            raise unknown("annotator", name, names, where=f"{source}: option weights")
        if weight < 0:
            raise UsageProblem(
                f"{name} weighs {weight:g}", where=f"{source}: option weights", remedy="Give a number from 0 on"
            )
    return {person: table.get(person or "", table.get(email or "", 1.0)) for person, email in people.items()}


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
