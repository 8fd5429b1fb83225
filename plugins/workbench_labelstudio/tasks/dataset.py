"""Tasks -> a dataset, each task kept or left out for exactly one reason. The same for a file and for a server."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import Dataset, UsageProblem, Utterance, WorkbenchError, split_named, unknown
from workbench.api.review import Votes
from workbench_labelstudio.tasks.controls import choose_control
from workbench_labelstudio.tasks.record import write_record
from workbench_labelstudio.tasks.task_parser import Task, parse_task
from workbench_labelstudio.tasks.verdict import REASONS, Verdict
from workbench_labelstudio.tasks.votes import gives_several, read_ballots
from workbench_labelstudio.tasks.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from workbench.api import Consolidation, Host, Intent
    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.label_config_reader import Controls

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskSource:
    """Tasks, and where they come from.

    Args:
        tasks: as Label Studio exports or lists them, JSON objects.
        name: of the source, without a path; the dataset's counts stand under it.
        where: the tasks come from, for messages.
        provenance: what is known of the source, as JSON.
        controls: of the label config; None where that is not known.
    """

    tasks: Iterable[Mapping[str, Any]]
    name: str
    where: object
    provenance: Mapping[str, Any]
    controls: Controls | None = None

    def parse(self, wanted: str | None) -> tuple[list[Task], str | None]:
        """The tasks, and the control that asks for the intent; see `choose_control`.

        Raises:
            WorkbenchError: a task is none, or there is no such control.
        """
        tasks = [parse_task(task, self.where) for task in self.tasks]
        return tasks, choose_control(tasks, wanted, self.where, self.controls)


def tasks_to_dataset(source: TaskSource, options: TaskOptions, host: Host, out: Path | None = None) -> Dataset:
    """The utterances of the tasks that have a text and an intent, in the order of the tasks.

    Why a task is left out, the first that holds: `blank` (no text), `unlabelled` (no annotation), `skipped` (only
    skips), `empty` (submitted without an intent), `disagreement` (the policy finds no intent).

    With `several = "explode"` a task of several intents makes an utterance for each, `TASK#1` and so on, which stay in
    one split.

    Args:
        source: the tasks; control and policy are added to its provenance.
        options: what makes an utterance.
        host: the plugins, for the policy.
        out: a folder for all that annotators said (see `write_record`); None writes nothing.

    Raises:
        WorkbenchError: a task is none, ids stand twice, a key or control does not exist, no task is left, the policy
            refuses the votes, or see `read_ballots`.
    """
    tasks, control = source.parse(options.control)
    _refuse_twins(tasks, source.where)
    _check_keys(tasks, options, source.where)
    policy, consolidation = _policy(options, source.where, host)
    ballots = read_ballots(tasks, control, options, source.where)
    made = consolidation(ballots)
    verdicts = [Verdict(*each) for each in zip(tasks, ballots, made.outcomes, strict=True)]
    rows = tuple(row for verdict in verdicts for row in _utterances(verdict, options))
    counts = _count(verdicts, control, options, len(rows))
    account = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    logger.info("%s: %s", source.name, account)
    if not rows:
        raise WorkbenchError(
            f"no task has a text and an intent ({account})",
            where=source.where,
            remedy="Label some tasks, or check the options text, control and policy",
        )
    if out:
        write_record(verdicts, policy, source.name, out)
    intents = tuple(sorted({row.intents[0] for row in rows if row.intents}, key=_order))
    provenance: dict[str, Any] = {**source.provenance, "control": control, "policy": policy}
    if made.weights:
        provenance["weights"] = {one: round(weight, 4) for one, weight in made.weights.items() if one is not None}
    return Dataset("intent", intents, rows, {source.name: counts}, (provenance,))


def tasks_to_votes(source: TaskSource, options: TaskOptions) -> Votes:
    """What each annotator said of each task; annotations of several intents are votes for all of them.

    Raises:
        WorkbenchError: see `tasks_to_dataset`.
    """
    tasks, control = source.parse(options.control)
    ballots = read_ballots(tasks, control, dataclasses.replace(options, several="explode"), source.where)
    return Votes(ballots, options.policy, {"control": control})


def _policy(options: TaskOptions, where: object, host: Host) -> tuple[str, Consolidation]:
    policies = host.registry("consolidations")
    name = options.policy or policies.default
    policy = policies.pick(name, f"{where}: option policy")
    if options.weights is not None and not policy.weighs:
        raise UsageProblem(
            f"weights are given, but the policy is {name}",
            where=where,
            remedy=f'Set policy = "{" or ".join(policies.declaring("weighs"))}", or leave the weights out',
        )
    return name, policy


def _order(intent: Intent) -> tuple[str, ...]:
    return (intent,) if isinstance(intent, str) else intent


def _count(verdicts: Sequence[Verdict], control: str | None, options: TaskOptions, rows: int) -> dict[str, int]:
    reasons = Counter(verdict.reason for verdict in verdicts)
    counts = {"tasks": len(verdicts), "kept": reasons[None], **{reason: reasons[reason] for reason in REASONS}}
    if options.several == "explode":
        exploded = sum(len(verdict.intents) > 1 for verdict in verdicts)
        return counts | {"exploded": exploded, "utterances": rows}
    if options.several == "first":
        reduced = sum(verdict.reason is None and gives_several(verdict.task, control) for verdict in verdicts)
        return counts | {"first of several": reduced}
    return counts


def _utterances(verdict: Verdict, options: TaskOptions) -> Iterator[Utterance]:
    task, text, several = verdict.task, verdict.ballot.text, len(verdict.intents) > 1

    def value(key: str | None) -> str | None:
        return task.value(key) if key else None

    for number, intent in enumerate(verdict.intents, 1):
        split = value(options.split_key)
        yield Utterance(
            f"{task.id}#{number}" if several else task.id,
            text,
            text,
            (intent,) if intent else (),
            split=split_named(split, where=task.where) if split else None,
            group=value(options.group_key) or (f"task {task.id}" if several else None),
            language=value(options.language_key) or options.language,
            meta=_meta(verdict, intent),
        )


def _meta(verdict: Verdict, intent: Intent) -> dict[str, Any]:
    votes = verdict.votes
    meta: dict[str, Any] = {
        "annotations": len(votes),
        "annotators": len({vote.annotator for vote in votes}),
        "agreement": round(sum(intent in vote.labels for vote in votes) / len(votes), 4),
    }
    if any(vote.ground_truth for vote in votes):
        meta["ground_truth"] = True
    return meta


def _refuse_twins(tasks: Sequence[Task], where: object) -> None:
    twice = [task for task, count in Counter(task.id for task in tasks).items() if count > 1]
    if twice:
        raise WorkbenchError(
            f"{len(twice):,} task ids stand twice: {listed(twice)}",
            where=where,
            remedy="If two exports were joined, import each of them as a source of its own",
        )


def _check_keys(tasks: Sequence[Task], options: TaskOptions, where: object) -> None:
    data = dict.fromkeys(key for task in tasks for key in task.data)
    if options.text not in data:
        raise unknown("data key", options.text, data, where=f"{where}: option text")
    both = data | dict.fromkeys(key for task in tasks for key in task.meta)
    for name in ("split_key", "group_key", "language_key"):
        if (key := getattr(options, name)) is not None and key not in both:
            raise unknown("data or meta key", key, both, where=f"{where}: option {name}")
