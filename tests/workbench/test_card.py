"""The model card: what it says of the measurement, and what it leaves out where nothing was measured."""

from __future__ import annotations

import dataclasses

import pytest

from tests.bundles import write_bundle
from workbench.nouns.report import Measurement, PassParity, Report
from workbench.quality.calibration import Calibration, CalibrationScores
from workbench.quality.invariance import Invariance
from workbench.stages.model_card import model_card


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "bundle")


@pytest.fixture
def measurement():
    report = Report("bundle", "dev", 100, {"accuracy": 0.9})
    return Measurement(
        bundle=report,
        baseline=report,
        rows=100,
        agreement=0.99,
        max_logit_difference=0.25,
        size=1000,
        invariance=Invariance(2000, 1, 4.51e-7),
        legs=(
            PassParity("onnx", "dev", 1256, 1.0, 3.1e-6),
            PassParity("<b>own</b>\nstep", "made-up words", 64, 0.985, 0.25),
        ),
        facts={"nodes": 142, "fused_nodes": 37, "int8_nodes": 61},
        titles={"int8_nodes": ("int8 nodes (some may be fused, too)", "int8 节点数")},
        calibration=Calibration(
            977,
            CalibrationScores(1.0, 0.31, 0.042),
            CalibrationScores(0.8, 0.29, 0.031),
            CalibrationScores(0.66, 0.27, 0.012),
        ),
    )


def test_it_says_what_was_measured_of_the_served_graph(bundle, measurement):
    lines = model_card(bundle, measurement).splitlines()
    first = lines.index("- batch invariance on 2,000 texts: 1 label changes, largest score difference 4.5e-07.")
    assert lines[first + 1 : first + 6] == [
        "- `onnx`, compared with its input model on 1,256 texts (dev): the same intent for 100.00% of the texts; "
        "largest difference of a logit 3.1e-06.",
        "- `&lt;b&gt;own&lt;/b&gt; step`, compared with its input model on 64 texts (made-up words): "
        "the same intent for 98.50% of the texts; largest difference of a logit 0.25.",
        "- Temperature 0.66, fitted on 977 dev rows. Expected calibration error on these rows: 1.20%; 3.10% with the "
        "baseline model's temperature 0.8; 4.20% without a temperature.",
        "- nodes: 142; fused nodes: 37; int8 nodes (some may be fused, too): 61.",
        "",
    ]


def test_it_says_nothing_of_what_was_not_measured(bundle, measurement):
    plain = model_card(bundle)
    assert "batch invariance" not in plain
    assert "compared with its input model" not in plain
    older = dataclasses.replace(measurement, invariance=None, legs=(), facts={}, calibration=None)
    assert model_card(bundle, older) == plain
