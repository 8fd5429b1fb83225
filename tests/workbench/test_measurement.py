"""What is measured of a bundle: as JSON and back, also of an older version; and the parity that a history tells of."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor
from workbench.nouns.report import Measurement, PassParity, Report
from workbench.quality.calibration import Calibration, CalibrationScores
from workbench.quality.invariance import Invariance, batch_invariance
from workbench.quality.parity import Parity

FOUND = Parity(rows=256, agreement=0.996, max_logit_difference=0.123456, max_embedding_difference=0.5, worst="a text")


@pytest.fixture
def measurement():
    reports = {name: Report(name, "dev", 100, {"accuracy": 0.9}, {"errors": []}) for name in ("bundle", "baseline")}
    return Measurement(
        **reports,
        rows=100,
        agreement=0.99,
        max_logit_difference=0.25,
        size=1000,
        invariance=Invariance(200, 1, 0.5),
        legs=(PassParity("onnx", "dev", 256, 1.0, 1e-6), PassParity("int8", "train", 256, 0.99, 0.25)),
        facts={"nodes": 9, "fused_nodes": 1, "int8_nodes": 2},
        titles={"int8_nodes": ("int8 nodes (some may be fused, too)", "int8 节点数")},
        calibration=Calibration(
            977,
            CalibrationScores(1.0, 0.31, 0.042),
            CalibrationScores(0.8, 0.29, 0.031),
            CalibrationScores(0.66, 0.27, 0.012),
        ),
    )


def through_json(measurement, *, without=()):
    value = json.loads(json.dumps(measurement.to_json()))
    return Measurement.from_json({name: part for name, part in value.items() if name not in without})


def test_it_comes_back_from_json_as_it_was(measurement):
    assert through_json(measurement) == measurement
    bare = dataclasses.replace(measurement, invariance=None, legs=(), facts={}, titles={}, calibration=None)
    assert through_json(bare) == bare


def test_one_of_an_older_version_lacks_what_that_did_not_measure(measurement):
    older = through_json(measurement, without=("invariance", "legs", "facts", "titles", "calibration"))
    assert (older.invariance, older.legs, older.facts, older.calibration) == (None, (), {}, None)
    assert older == dataclasses.replace(measurement, invariance=None, legs=(), facts={}, titles={}, calibration=None)


def test_a_history_tells_the_parity_of_each_step_in_order():
    history = [
        {"step": "finetune", "encoder": "minilm"},
        {"step": "onnx", "parity": FOUND.note("dev")},
        {"step": "int8", "parity": dataclasses.replace(FOUND, agreement=0.5).note("calibration")},
    ]
    assert PassParity.from_history(history) == (
        PassParity("onnx", "dev", 256, 0.996, 0.12),
        PassParity("int8", "calibration", 256, 0.5, 0.12),
    )


@pytest.mark.parametrize(
    "parity",
    [
        None,
        True,
        0.99,
        "even",
        ["dev", 256],
        {},
        {"rows": 256},
        {**FOUND.note("dev"), "embedding": 0.5},
        *({**FOUND.note("dev"), name: odd} for name in FOUND.note("dev") for odd in (None, ["dev"], True)),
        {**FOUND.note("dev"), "rows": "256"},
        {**FOUND.note("dev"), "agreement": "all"},
    ],
)
def test_what_a_third_partys_step_calls_parity_is_passed_over(parity):
    history = [{"step": "own", "parity": parity}, {"step": "onnx", "parity": FOUND.note("dev")}]
    assert [leg.step for leg in PassParity.from_history(history)] == ["onnx"]


class Crowded(Predictor):
    """One that is surer of its first intent in company."""

    def compute(self, texts):
        return np.array([[float(len(texts) > 1), 0.0]] * len(texts), np.float32), None


def test_what_company_changes_is_a_score_as_it_is_served():
    found = batch_invariance(Crowded(Model(Path(), "own", "intent", ("a", "b"), 8), temperature=2.0), "xyz", seed=1)
    assert (found.rows, found.label_changes) == (3, 0)
    assert found.max_score_difference == pytest.approx(1 / (1 + np.exp(-0.5)) - 0.5)
