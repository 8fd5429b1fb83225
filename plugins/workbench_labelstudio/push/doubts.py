"""Labels to look at again: those that annotators dispute, then those to which a model gives a low probability.

The probability that a model gives the label of a text is its self-confidence (Northcutt et al. 2021). A model that was
trained on these very labels has learned to agree with them, and underestimates what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.api import probabilities
from workbench_labelstudio.push.choosing import Chosen
from workbench_labelstudio.tasks.words import label_name

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.push.choosing import Answered
    from workbench_labelstudio.push.predictions import Item

Label = tuple["Intent", ...]


class _Doubt(NamedTuple):
    """Sorts by how doubtful a label is."""

    agreed: float  # share of the annotations that gave the label that was given most; 1 = all
    probability: float
    task: int
    chosen: Chosen


def doubtful(
    labelled: Sequence[Answered],
    control: str,
    intents: Mapping[Intent | None, Intent],
    order: Sequence[Intent],
    temperature: float,
    count: int,
) -> list[Chosen]:
    """The most doubtful labels, worst first: disputed ones, the least agreed first, then the least probable.

    Tasks with a ground truth are settled. A label that the model does not know is only doubted when it is disputed.

    Args:
        labelled: tasks with annotations, and what the model says of them.
        control: that asks for the intent.
        intents: label as it stands in annotations -> intent of the model.
        order: the intents in the order of the logits.
        temperature: divides the logits.
        count: how many at most.
    """
    place = {intent: number for number, intent in enumerate(order)}
    doubts = []
    for item, said in labelled:
        if not (labels := _labels(item, control)):
            continue
        (label, votes), *others = Counter(labels).most_common()
        known = [place[intents[part]] for part in label if part in intents]
        scores = probabilities(said.logits, temperature)
        probability = float(scores[known].min()) if len(known) == len(label) else np.nan
        agreed = votes / len(labels)
        if agreed == 1 and np.isnan(probability):
            continue
        words = f"{_words(label)}: probability {probability:.3f}"
        if others:
            counted = ", ".join(f"{_words(given)} × {times}" for given, times in [(label, votes), *others])
            words = f"disputed: {counted}"
        figure = 0.0 if np.isnan(probability) else probability
        doubts.append(_Doubt(agreed, figure, item.id, Chosen(item, said, figure, words)))
    return [doubt.chosen for doubt in sorted(doubts, key=lambda doubt: doubt[:3])[:count]]


def _labels(item: Item, control: str) -> list[Label]:
    """What each annotation says, order aside; nothing for a task with a ground truth."""
    submitted = [annotation for annotation in item.task.annotations if not annotation.skipped]
    if any(annotation.ground_truth for annotation in submitted):
        return []
    answers = [annotation.answers.get(control) for annotation in submitted]
    return [tuple(sorted(answer.values, key=str)) for answer in answers if answer and answer.values]


def _words(label: Label) -> str:
    return " + ".join(map(label_name, label))
