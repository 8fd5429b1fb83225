"""Which texts are chosen, from what a model says of them."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import UsageProblem
from workbench.nouns.model import Model
from workbench.nouns.predictor import decide
from workbench_labelstudio.push.choosing import choose
from workbench_labelstudio.push.doubts import doubtful
from workbench_labelstudio.push.predictions import Item, Said
from workbench_labelstudio.tasks.task_parser import parse_task

INTENTS = ("a", "b", "c")


def said(path, number, logits, embedding=None, labels=()):
    """A task, and what a model says of it."""
    annotations = [
        {
            "id": place,
            "completed_by": place,
            "result": [{"from_name": "i", "to_name": "t", "type": "choices", "value": {"choices": list(label)}}],
        }
        for place, label in enumerate(labels)
    ]
    task = parse_task({"id": number, "data": {"text": "x"}, "annotations": annotations}, "test")
    row = np.array(logits, np.float32)
    model = Model(path, "onnx", "intent", INTENTS, max_length=8)
    vector = None if embedding is None else np.array(embedding, np.float32)
    return Item(number, "x", task), Said(decide(row, model, 1.0, 2), row, vector)


def ids(chosen):
    return [entry.item.id for entry in chosen]


def test_uncertain_is_the_smallest_margin_not_the_lowest_probability(tmp_path):
    close = said(tmp_path, 1, [4.0, 3.9, -9.0])  # 0.52 against 0.48
    flat = said(tmp_path, 2, [1.0, 0.4, 0.4])  # 0.48 against 0.26
    assert ids(choose("uncertain", [flat, close], [], 2)) == [1, 2]


def test_out_of_scope_is_what_excites_no_intent(tmp_path):
    dull, torn = said(tmp_path, 1, [0.5, 0.0, 0.0]), said(tmp_path, 2, [9.0, 9.0, 9.0])
    assert ids(choose("out-of-scope", [torn, dull], [], 2)) == [1, 2]


def test_diverse_takes_turns_between_kinds_of_texts_and_avoids_what_is_labelled(tmp_path):
    axes = np.eye(3)
    texts = [said(tmp_path, number, [0.1 * number, 0.0, 0.0], axes[number % 3]) for number in range(9)]
    chosen = choose("diverse", texts, [], 3)
    assert {number % 3 for number in ids(chosen)} == {0, 1, 2}
    assert ids(chosen)[0] == 0  # where nothing is labelled, the least certain one
    labelled = [said(tmp_path, 90, [1.0, 0.0, 0.0], 5 * axes[0])]
    assert {number % 3 for number in ids(choose("diverse", texts, labelled, 2))} == {1, 2}
    assert sorted(ids(choose("diverse", texts, labelled, 20))) == list(range(9))


def test_diverse_needs_sentence_vectors(tmp_path):
    with pytest.raises(UsageProblem, match="no sentence vectors"):
        choose("diverse", [said(tmp_path, 1, [1.0, 0.0, 0.0])], [], 1)


def test_what_is_disputed_most_is_doubted_first_and_then_what_is_improbable(tmp_path):
    sure_of_a = [9.0, 0.0, 0.0]
    tasks = [
        said(tmp_path, 1, sure_of_a, labels=["a"]),
        said(tmp_path, 2, sure_of_a, labels=["c"]),
        said(tmp_path, 3, sure_of_a, labels=["a", "a", "b"]),
        said(tmp_path, 4, sure_of_a, labels=["a", "b"]),
        said(tmp_path, 5, sure_of_a, labels=["unknown"]),  # says nothing that the model could judge
        said(tmp_path, 6, sure_of_a, labels=["unknown", "a"]),
        said(tmp_path, 7, sure_of_a, labels=[[]]),
    ]
    doubts = doubtful(tasks, "i", {name: name for name in INTENTS}, INTENTS, 1.0, 9)
    assert ids(doubts) == [6, 4, 3, 2, 1]
    assert doubts[1].why == "disputed: a × 1, b × 1"
    assert doubts[-1].why == "a: probability 1.000"
