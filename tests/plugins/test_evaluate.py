"""Metrics, through the host: known answers, conventions, odd input."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from workbench.api import build_host, hookimpl
from workbench.components import Metric
from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.report import Scored
from workbench.nouns.utterance import Utterance
from workbench.options import parse_options

INTENTS = ("refund", "查询物流", "invoice", "never")
#         right      right      wrong       right     wrong       wrong
TRUTH = (0, 0, 0, 1, 1, 2)
PREDICTED = (0, 0, 1, 1, 0, 1)
SURENESS = (5.0, 4.0, 1.0, 2.0, 3.0, 2.0)


def scored(truth=TRUTH, predicted=PREDICTED, sureness=SURENESS, intents=INTENTS) -> Scored:
    logits = np.zeros((len(truth), len(intents)), np.float32)
    for row, (winner, margin) in enumerate(zip(predicted, sureness, strict=True)):
        logits[row, winner] = margin
    rows = tuple(Utterance(f"r{n}", f"text {n}", f"text {n}", (intents[i],)) for n, i in enumerate(truth))
    return Scored(rows, truth, logits, intents)


@pytest.fixture
def metric(host, context):
    def call(name, given=None, **options):
        component = host.registry("metrics")[name]
        return component(given or scored(), parse_options(component.options, options, name), context)

    return call


def test_accuracy_is_a_share_and_its_interval_is_wilsons(metric):
    found = metric("accuracy")
    assert found["accuracy"] == 0.5
    # Wilson (1927) for 3 of 6 by hand: centre 0.5, half width z / (n + z²) · sqrt(n / 4 + z² / 4), z = 1.959964
    z, n = 1.959964, 6
    half = z / (n + z * z) * (n / 4 + z * z / 4) ** 0.5
    assert found["accuracy_interval"] == pytest.approx([0.5 - half, 0.5 + half], abs=1e-6)


def test_the_interval_of_a_perfect_model_ends_at_one(metric):
    found = metric("accuracy", scored(predicted=TRUTH))
    assert found["accuracy_interval"][1] == 1.0
    assert 0.5 < found["accuracy_interval"][0] < 1.0


def test_f1_counts_intents_of_truth_and_predictions_only(metric):
    # refund: 2 right of 3 rows and 3 predictions; 查询物流: 1 right of 2 rows and 3 predictions; invoice: none right
    found = metric("f1")
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert found["weighted_f1"] == pytest.approx((3 * 2 / 3 + 2 * 2 / 5 + 0) / 6)


def test_an_intent_that_is_only_predicted_counts_with_nothing(metric):
    found = metric("f1", scored(truth=(0, 0), predicted=(0, 3), sureness=(1, 1)))
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["weighted_f1"] == pytest.approx(2 / 3)


def test_per_intent_lists_every_intent_in_the_models_order(metric):
    table = metric("per-intent")["per_intent"]
    assert [entry["intent"] for entry in table] == list(INTENTS)
    two_thirds = pytest.approx(2 / 3)
    assert table[0] == {"intent": "refund", "rows": 3, "precision": two_thirds, "recall": two_thirds, "f1": two_thirds}
    assert table[3] == {"intent": "never", "rows": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_confusions_are_counted_most_first_then_in_intent_order(metric):
    assert metric("confusions")["confusions"] == [
        ["refund", "查询物流", 1],
        ["查询物流", "refund", 1],
        ["invoice", "查询物流", 1],
    ]
    twice = scored(truth=(0, 2, 2), predicted=(1, 1, 1), sureness=(1, 1, 1))
    assert metric("confusions", twice)["confusions"] == [["invoice", "查询物流", 2], ["refund", "查询物流", 1]]


def test_a_perfect_model_confuses_nothing(metric):
    assert metric("confusions", scored(predicted=TRUTH))["confusions"] == []
    assert metric("errors", scored(predicted=TRUTH))["worst_errors"] == []


def test_errors_are_the_surest_wrong_rows(metric):
    worst = metric("errors")["worst_errors"]
    assert [row["id"] for row in worst] == ["r4", "r5", "r2"]
    assert worst[0] == {
        "id": "r4",
        "text": "text 4",
        "intent": "查询物流",
        "predicted": "refund",
        "score": pytest.approx(np.exp(3) / (np.exp(3) + 3)),
    }


def test_the_score_of_an_error_is_the_one_that_is_served(metric):
    tempered = dataclasses.replace(scored(), temperature=3.0)
    assert metric("errors", tempered)["worst_errors"][0]["score"] == pytest.approx(np.e / (np.e + 3))


def test_errors_keeps_as_many_as_it_is_told(metric):
    assert len(metric("errors", most=2)["worst_errors"]) == 2
    assert metric("errors", most=0)["worst_errors"] == []
    with pytest.raises(UsageProblem, match=r"errors\.most"):
        metric("errors", most=-1)


def test_of_equal_logits_the_first_wins_as_in_serving(metric):
    even = scored(truth=(0, 1), predicted=(0, 1), sureness=(0.0, 0.0))
    assert metric("accuracy", even)["accuracy"] == 0.5
    assert metric("confusions", even)["confusions"] == [["查询物流", "refund", 1]]


def test_a_single_intent_is_measured_too(metric):
    alone = scored(truth=(0, 0), predicted=(0, 0), sureness=(1, 1), intents=("only",))
    assert metric("accuracy", alone)["accuracy"] == 1.0
    assert metric("f1", alone)["macro_f1"] == 1.0
    assert metric("per-intent", alone)["per_intent"][0]["rows"] == 2


def test_hierarchical_intents_keep_their_names(metric):
    paths = (("card", "lost"), ("card", "stolen"))
    found = metric("confusions", scored(truth=(0,), predicted=(1,), sureness=(1,), intents=paths))
    assert json.loads(json.dumps(found["confusions"])) == [[["card", "lost"], ["card", "stolen"], 1]]


@pytest.mark.parametrize("name", ["accuracy", "f1", "per-intent", "confusions", "errors"])
def test_what_metrics_say_is_json_and_the_same_twice(metric, name):
    first, second = (json.dumps(metric(name), ensure_ascii=False, allow_nan=False) for _ in range(2))
    assert first == second
    assert "NaN" not in first


@pytest.mark.parametrize("name", ["accuracy", "f1", "per-intent", "confusions", "errors"])
def test_no_rows_and_broken_logits_are_one_clear_line(metric, name):
    with pytest.raises(WorkbenchError, match="no labelled rows to evaluate"):
        metric(name, scored(truth=(), predicted=(), sureness=()))
    with pytest.raises(WorkbenchError, match=r"not finite.*learning rate"):
        metric(name, scored(sureness=(*SURENESS[:-1], float("nan"))))


class OwnMetric:
    """A third party's plugin with one metric."""

    def __init__(self, name):
        self.name = name

    @hookimpl
    def metrics(self):
        return {self.name: Metric(run=lambda scored, *_: {"rows": float(len(scored.rows))}, summary="rows")}


def test_a_plugin_adds_a_metric_but_cannot_take_a_name(context):
    host = build_host()
    host.register(OwnMetric("row-count"), "own")
    assert host.registry("metrics")["row-count"](scored(), None, context) == {"rows": 6.0}
    host.register(OwnMetric("f1"), "greedy")
    with pytest.raises(WorkbenchError, match="'f1' is registered by workbench_evaluate and by greedy"):
        host.registry("metrics")
