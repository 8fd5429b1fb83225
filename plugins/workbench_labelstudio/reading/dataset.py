"""Tasks -> a dataset, each task kept or left out for exactly one reason. The same for a file and for a server."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError, unknown
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance, split_named
from workbench.sources import is_blank
from workbench_labelstudio.reading.consolidate import POLICIES, Vote
from workbench_labelstudio.reading.controls import choose_control
from workbench_labelstudio.reading.tasks import Annotation, Task, parse_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workbench_labelstudio.options import TaskOptions

REASONS = ("blank", "unlabelled", "skipped", "empty", "disagreement")
LISTED = 10
logger = logging.getLogger(__name__)


def tasks_to_dataset(
    tasks: Iterable[Mapping[str, Any]], options: TaskOptions, name: str, source: object, provenance: Mapping[str, Any]
) -> Dataset:
    """The utterances of the tasks that have a text and an intent, in the order of the tasks.

    Why a task is left out, the first that holds: `blank` (no text), `unlabelled` (no annotation), `skipped` (only
    skips), `empty` (submitted without an intent), `disagreement` (the policy finds no intent).

    Args:
        tasks: as Label Studio exports them, JSON objects.
        options: what makes an utterance.
        name: of the source, without a path; the counts stand under it.
        source: where the tasks come from, for messages.
        provenance: what is known of the source; control and policy are added.

    Raises:
        WorkbenchError: a task is none, ids stand twice, a key or control does not exist, a task has several intents,
            or no task is left.
    """
    parsed = [parse_task(task, source) for task in tasks]
    _refuse_twins(parsed, source)
    _check_keys(parsed, options, source)
    control = choose_control(parsed, options.control, source)
    _refuse_several(parsed, control, source)
    outcomes = [_judge(task, control, options) for task in parsed]
    rows = tuple(outcome for outcome in outcomes if isinstance(outcome, Utterance))
    left_out = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    counts = {"tasks": len(parsed), "kept": len(rows), **{reason: left_out[reason] for reason in REASONS}}
    account = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    logger.info("%s: %s", name, account)
    if not rows:
        raise WorkbenchError(
            f"no task has a text and an intent ({account})",
            where=source,
            remedy="Label some tasks, or check the options text, control and policy",
        )
    intents = tuple(sorted({str(row.intent) for row in rows}))
    origin = {**provenance, "control": control, "policy": options.policy}
    return Dataset("intent", intents, rows, {name: counts}, (origin,))


def _judge(task: Task, control: str | None, options: TaskOptions) -> Utterance | str:
    """The task's utterance, or why it has none."""
    text = task.value(options.text)
    if text is None or is_blank(text):
        return "blank"
    if not task.annotations:
        return "unlabelled"
    if not (submitted := _submitted(task)):
        return "skipped"
    votes = [
        Vote(values[0], annotation.annotator, annotation.ground_truth, annotation.updated)
        for annotation in submitted
        if (values := _values(annotation, control))
    ]
    if not votes:
        return "empty"
    try:
        intent = POLICIES[options.policy](votes)
    except ValueError as error:
        raise WorkbenchError(
            f"has an annotation without a readable time ({error})",
            where=task.where,
            remedy="Choose the policy ground-truth or majority",
        ) from error
    return "disagreement" if intent is None else _utterance(task, text, intent, votes, options)


def _utterance(task: Task, text: str, intent: str, votes: Sequence[Vote], options: TaskOptions) -> Utterance:
    split = task.value(options.split_key) if options.split_key else None
    group = task.value(options.group_key) if options.group_key else None
    meta: dict[str, Any] = {
        "annotations": len(votes),
        "annotators": len({vote.annotator for vote in votes}),
        "agreement": round(sum(vote.intent == intent for vote in votes) / len(votes), 4),
    }
    if any(vote.ground_truth for vote in votes):
        meta["ground_truth"] = True
    return Utterance(
        task.id,
        text,
        text,
        (intent,),
        split=split_named(split, where=task.where) if split else None,
        group=group or None,
        language=options.language,
        meta=meta,
    )


def _submitted(task: Task) -> list[Annotation]:
    return [annotation for annotation in task.annotations if not annotation.skipped]


def _values(annotation: Annotation, control: str | None) -> tuple[str, ...]:
    answer = annotation.answers.get(control) if control else None
    return answer.values if answer else ()


def _refuse_twins(tasks: Sequence[Task], source: object) -> None:
    twice = [task for task, count in Counter(task.id for task in tasks).items() if count > 1]
    if twice:
        raise WorkbenchError(
            f"{len(twice):,} task ids stand twice: {_listed(twice)}",
            where=source,
            remedy="If two exports were joined, import each of them as a source of its own",
        )


def _refuse_several(tasks: Sequence[Task], control: str | None, source: object) -> None:
    several = [
        task.id for task in tasks if any(len(_values(annotation, control)) > 1 for annotation in _submitted(task))
    ]
    if several:
        raise WorkbenchError(
            f"{len(several):,} tasks have several choices for {control!r}: task {_listed(several)}",
            where=source,
            remedy="Leave one choice in each; only single-choice intents are read",
        )


def _check_keys(tasks: Sequence[Task], options: TaskOptions, source: object) -> None:
    data = dict.fromkeys(key for task in tasks for key in task.data)
    if options.text not in data:
        raise unknown("data key", options.text, data, where=f"{source}: option text")
    both = data | dict.fromkeys(key for task in tasks for key in task.meta)
    for name in ("split_key", "group_key"):
        if (key := getattr(options, name)) is not None and key not in both:
            raise unknown("data or meta key", key, both, where=f"{source}: option {name}")


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - LISTED:,} more" if len(ids) > LISTED else ""
    return ", ".join(ids[:LISTED]) + more
