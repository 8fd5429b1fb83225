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
    first = lines.index(
        "- 2,000 texts alone and among others: 1 get another intent, a score differs by 4.5e-07 at most."
    )
    assert lines[first + 1 : first + 6] == [
        "- `onnx` beside what it was made from, 1,256 texts (dev): 100.00% answered alike; "
        "a logit differs by 3.1e-06 at most.",
        "- `&lt;b&gt;own&lt;/b&gt; step` beside what it was made from, 64 texts (made-up words): "
        "98.50% answered alike; a logit differs by 0.25 at most.",
        "- Temperature 0.66, fitted on 977 dev rows: the expected calibration error there is 1.20%; 3.10% with the "
        "uncompressed model's temperature, 0.8, and 4.20% without one.",
        "- nodes: 142; fused nodes: 37; int8 nodes (some may be fused, too): 61.",
        "",
    ]


def test_it_says_nothing_of_what_was_not_measured(bundle, measurement):
    plain = model_card(bundle)
    assert "alone and among" not in plain
    assert "beside what it was made from" not in plain
    older = dataclasses.replace(measurement, invariance=None, legs=(), facts={}, calibration=None)
    assert model_card(bundle, older) == plain
