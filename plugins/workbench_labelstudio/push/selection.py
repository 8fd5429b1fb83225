"""The tasks that selectors choose from a project: what to label next, and which labels to doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api.review import PoolRow, Vote, predict_pool, rows_needed
from workbench_labelstudio.push.predictions import Item, intents_given

if TYPE_CHECKING:
    from workbench.api import Intent, Log, Predictor, Selector
    from workbench_labelstudio.push.predictions import ControlLabels


@dataclass(frozen=True)
class Chosen:
    """A task that a person should look at.

    Args:
        item: the task.
        intent: the most probable one.
        figure: the number that it was chosen by.
        why: that number in words.
    """

    item: Item
    intent: Intent
    figure: float
    why: str


def select(
    items: Sequence[Item], form: ControlLabels, predictor: Predictor, wanted: Sequence[tuple[Selector, int]], log: Log
) -> list[list[Chosen]]:
    """Let each selector choose as many tasks as are wanted of it; the texts are predicted once.

    Args:
        items: tasks with a text; those that were only skipped are not chosen.
        form: the control, and how the model's intents stand in annotations.
        predictor: of the model.
        wanted: selectors, and how many tasks of each; with 0 a selector is not called.
        log: shows progress.

    Raises:
        WorkbenchError: see `predict_pool`, or a selector refuses the model.
    """
    known = intents_given(form.labels)
    named = [(item, PoolRow(item.text, _votes(item, form.control.name, known))) for item in items]
    rows = [(item, row) for item, row in named if item.is_open or row.votes]
    used = [selector for selector, size in wanted if size]
    kept = [rows[place] for place in rows_needed([row for _, row in rows], used)]
    pool = predict_pool([row for _, row in kept], predictor, log)
    assert pool.logits is not None
    chosen: list[list[Chosen]] = []
    for selector, size in wanted:
        selected = selector(pool, size) if size else []
        chosen.append(
            [
                Chosen(kept[one.row][0], pool.intents[int(pool.logits[one.row].argmax())], one.figure, one.why)
                for one in selected
            ]
        )
    return chosen


def _votes(item: Item, control: str, known: Mapping[Intent | None, Intent]) -> tuple[Vote, ...]:
    """What each annotator said of a task, in the intents of the model where it knows them."""
    return tuple(
        Vote(
            annotation.annotator,
            tuple(known.get(label, label) for label in annotation.values(control)) or None,
            annotation.ground_truth,
        )
        for annotation in item.task.submitted
    )
