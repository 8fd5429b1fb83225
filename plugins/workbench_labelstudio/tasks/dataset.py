"""Tasks -> a dataset, each task kept or left out for exactly one reason. The same for a file and for a server."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.api import Dataset, Utterance, WorkbenchError, split_named, unknown
from workbench.api.review import Votes
from workbench_labelstudio.tasks.controls import choose_control
from workbench_labelstudio.tasks.record import write_record
from workbench_labelstudio.tasks.task_parser import Task, parse_task
from workbench_labelstudio.tasks.votes import REASONS, Verdict, consolidate, gives_several, read_ballots
from workbench_labelstudio.tasks.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from workbench.api import Host, Intent
    from workbench_labelstudio.options import TaskOptions

logger = logging.getLogger(__name__)


def tasks_to_dataset(
    tasks: Iterable[Mapping[str, Any]],
    options: TaskOptions,
    name: str,
    source: object,
    provenance: Mapping[str, Any],
    host: Host,
    *,
    out: Path | None = None,
    known: Collection[str] = (),
) -> Dataset:
    """The utterances of the tasks that have a text and an intent, in the order of the tasks.

    Why a task is left out, the first that holds: `blank` (no text), `unlabelled` (no annotation), `skipped` (only
    skips), `empty` (submitted without an intent), `disagreement` (the policy finds no intent).

    With `several = "explode"` a task of several intents makes an utterance for each, `TASK#1` and so on, which stay in
    one split.

    Args:
        tasks: as Label Studio exports or lists them, JSON objects.
        options: what makes an utterance.
        name: of the source, without a path; the counts stand under it.
        source: where the tasks come from, for messages.
        provenance: what is known of the source; control and policy are added.
        host: the plugins, for the policy.
        out: a folder for all that annotators said (see `write_record`); None writes nothing.
        known: the controls of the label config, where that is known.

    Raises:
        WorkbenchError: a task is none, ids stand twice, a key or control does not exist, no task is left, or see
            `consolidate`.
    """
    parsed = [parse_task(task, source) for task in tasks]
    _refuse_twins(parsed, source)
    _check_keys(parsed, options, source)
    control = choose_control(parsed, options.control, source, known)
    made = consolidate(parsed, control, options, source, host)
    verdicts = made.verdicts
    rows = tuple(row for verdict in verdicts for row in _utterances(verdict, options))
    counts = _count(verdicts, control, options, len(rows))
    account = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    logger.info("%s: %s", name, account)
    if not rows:
        raise WorkbenchError(
            f"no task has a text and an intent ({account})",
            where=source,
            remedy="Label some tasks, or check the options text, control and policy",
        )
    if out:
        write_record(made, options, name, out)
    intents = tuple(sorted({row.intents[0] for row in rows if row.intents}, key=_order))
    origin: dict[str, Any] = {**provenance, "control": control, "policy": made.policy}
    if made.weights:
        origin["weights"] = {person: round(weight, 4) for person, weight in made.weights.items() if person is not None}
    return Dataset("intent", intents, rows, {name: counts}, (origin,))


def tasks_to_votes(
    tasks: Iterable[Mapping[str, Any]], options: TaskOptions, source: object, known: Collection[str] = ()
) -> Votes:
    """What each annotator said of each task; annotations of several intents are votes for all of them.

    Args:
        tasks: as Label Studio exports or lists them.
        options: what makes a vote.
        source: where the tasks come from, for messages.
        known: the controls of the label config, where that is known.

    Raises:
        WorkbenchError: see `tasks_to_dataset`.
    """
    parsed = [parse_task(task, source) for task in tasks]
    control = choose_control(parsed, options.control, source, known)
    ballots = read_ballots(parsed, control, dataclasses.replace(options, several="explode"), source)
    return Votes(ballots, options.policy, {"control": control})


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
    task, several = verdict.task, len(verdict.intents) > 1
    for number, intent in enumerate(verdict.intents, 1):
        text = task.value(options.text) or ""
        split = task.value(options.split_key) if options.split_key else None
        group = task.value(options.group_key) if options.group_key else None
        yield Utterance(
            f"{task.id}#{number}" if several else task.id,
            text,
            text,
            (intent,) if intent else (),
            split=split_named(split, where=task.where) if split else None,
            group=group or (f"task {task.id}" if several else None),
            language=(task.value(options.language_key) if options.language_key else None) or options.language,
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


def _refuse_twins(tasks: Sequence[Task], source: object) -> None:
    twice = [task for task, count in Counter(task.id for task in tasks).items() if count > 1]
    if twice:
        raise WorkbenchError(
            f"{len(twice):,} task ids stand twice: {listed(twice)}",
            where=source,
            remedy="If two exports were joined, import each of them as a source of its own",
        )


def _check_keys(tasks: Sequence[Task], options: TaskOptions, source: object) -> None:
    data = dict.fromkeys(key for task in tasks for key in task.data)
    if options.text not in data:
        raise unknown("data key", options.text, data, where=f"{source}: option text")
    both = data | dict.fromkeys(key for task in tasks for key in task.meta)
    for name in ("split_key", "group_key", "language_key"):
        if (key := getattr(options, name)) is not None and key not in both:
            raise unknown("data or meta key", key, both, where=f"{source}: option {name}")
