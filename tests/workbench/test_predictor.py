"""From logits to predictions."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, decide

MODEL = Model(Path("model"), "onnx", "intent", ("a", "b", ("c", "d")), max_length=8)


class Fixed(Predictor):
    """Answers every text with the same logits."""

    def __init__(self, logits, **more):
        super().__init__(MODEL, **more)
        self.row = logits

    def compute(self, texts):
        if self.row is None:
            return None, np.zeros((len(texts), 4), np.float32)
        return np.array([self.row] * len(texts), np.float32), None


def test_the_score_is_the_softmax_of_the_logits():
    answer = decide(np.array([1.0, 2.0, 3.0], np.float32), MODEL, 1.0, 3)
    expected = np.exp([3.0, 2.0, 1.0]) / np.exp([1.0, 2.0, 3.0]).sum()
    assert answer.intents == (("c", "d"),)
    assert [intent for intent, _ in answer.top] == [("c", "d"), "b", "a"]
    assert np.allclose([score for _, score in answer.top], expected)
    assert answer.score == answer.top[0][1]


def test_a_temperature_changes_the_score_and_not_the_order():
    logits = np.array([1.0, 2.0, 3.0], np.float32)
    sharp, soft = decide(logits, MODEL, 0.5, 3), decide(logits, MODEL, 4.0, 3)
    assert sharp.score > decide(logits, MODEL, 1.0, 3).score > soft.score > 1 / 3
    assert [intent for intent, _ in sharp.top] == [intent for intent, _ in soft.top]


@pytest.mark.parametrize("logits", [[1e4, -1e4, 0], [-1e38, -1e38, -1e38], [3e38, 0, -3e38]])
def test_extreme_logits_do_not_overflow(logits):
    answer = decide(np.array(logits, np.float32), MODEL, 1.0, 3)
    assert sum(score for _, score in answer.top) == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_an_error_not_an_answer(bad):
    with pytest.raises(WorkbenchError, match="not finite"):
        decide(np.array([0.0, bad, 1.0], np.float32), MODEL, 1.0, 1)


@pytest.mark.parametrize(("top", "listed"), [(0, 0), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_top_says_how_many_are_listed_and_the_best_is_always_the_answer(top, listed):
    answer = decide(np.array([0.0, 5.0, 1.0], np.float32), MODEL, 1.0, top)
    assert answer.intents == ("b",)
    assert len(answer.top) == listed


def test_of_equal_logits_the_first_intent_wins():
    assert decide(np.zeros(3, np.float32), MODEL, 1.0, 1).intents == ("a",)


def test_no_texts_have_no_answers():
    assert Fixed([1, 2, 3]).predict([]) == []


def test_a_single_text_is_not_taken_for_a_list_of_its_letters():
    with pytest.raises(TypeError, match="list of texts"):
        Fixed([1, 2, 3]).predict("refund")


def test_a_model_without_a_head_embeds_but_has_no_logits():
    predictor = Fixed(None)
    assert predictor.embed(["x"]).shape == (1, 4)
    with pytest.raises(WorkbenchError, match="without a head"):
        predictor.logits(["x"])


def test_a_prediction_is_json():
    (answer,) = Fixed([0, 0, 9], temperature=2.0).predict(["x"], top=2)
    row = json.loads(json.dumps(answer.to_json()))
    assert row["intents"] == [["c", "d"]]
    assert set(row) == {"intents", "score", "top"}
    assert [entry["intent"] for entry in row["top"]] == [["c", "d"], "a"]
    assert row["score"] == row["top"][0]["score"] == pytest.approx(answer.score)


def test_a_prediction_cannot_be_changed():
    (answer,) = Fixed([1, 0, 0]).predict(["x"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.score = 1.0


def test_a_predictor_that_the_host_did_not_open_refuses_to_leave_out_its_normalizations():
    predictor = Fixed([0.0, 1.0, 2.0])
    assert predictor.logits(["x"]).shape == (1, 3)
    normalizing = Predictor(dataclasses.replace(MODEL, normalization=("repair-1",)))
    with pytest.raises(RuntimeError, match=r"Host\.open_predictor"):
        normalizing.logits(["x"])
