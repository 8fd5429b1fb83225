"""The tasks that selectors choose from a project: what to label next, and which labels to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api.review import PoolRow, ReviewPool, Vote, predict_pool, rows_needed
from workbench_labelstudio.tasks.intents import clean

if TYPE_CHECKING:
    from workbench.api import Intent, Log, Predictor, Selector
    from workbench_labelstudio.push.control_labels import ControlLabels
    from workbench_labelstudio.push.items import Item


@dataclass(frozen=True)
class Chosen:
    """A task that a person should look at.

    Args:
        task: its id.
        text: its text.
        score: orders the chosen tasks, rising between 0 and 1.
        intent: the most probable intent.
        figure: the number that the task was chosen by.
        why: that number in words.
    """

    task: int
    text: str
    score: float
    intent: Intent
    figure: float
    why: str


def select(
    items: Sequence[Item], form: ControlLabels, predictor: Predictor, wanted: Sequence[tuple[Selector, int]], log: Log
) -> list[tuple[Chosen, ...]]:
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
    known = {clean(label): intent for intent, label in form.labels.items()}
    named = [(item, PoolRow(item.text, _votes(item, form.control.name, known))) for item in items]
    rows = [(item, row) for item, row in named if item.is_open or row.votes]
    used = [selector for selector, size in wanted if size]
    kept = [rows[place] for place in rows_needed([row for _, row in rows], used)]
    pool = predict_pool([row for _, row in kept], predictor, log)
    tasks = [item for item, _ in kept]
    return [tuple(_chosen(tasks, pool, selector, size)) if size else () for selector, size in wanted]


def _chosen(items: Sequence[Item], pool: ReviewPool, selector: Selector, size: int) -> Iterator[Chosen]:
    assert pool.logits is not None
    selected = selector(pool, size)
    for place, one in enumerate(selected, 1):
        item, intent = items[one.row], pool.intents[int(pool.logits[one.row].argmax())]
        yield Chosen(item.id, item.text, place / (len(selected) + 1), intent, one.figure, one.why)


def _votes(item: Item, control: str, known: Mapping[Intent | None, Intent]) -> tuple[Vote, ...]:
    """What each annotator said of a task, in the intents of the model where it has them."""
    return tuple(
        Vote(
            annotation.annotator,
            tuple(known.get(label, label) for label in annotation.values(control)) or None,
            annotation.ground_truth,
        )
        for annotation in item.task.submitted
    )
