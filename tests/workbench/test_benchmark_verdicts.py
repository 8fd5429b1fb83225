"""Benchmarks of compression: a speed that costs too much accuracy is none, and all weights of a product are counted."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.benchmarks.compress import best_unpruned
from tests.benchmarks.compress_ceiling import weights
from tests.benchmarks.compress_rivals import ALONE, TOGETHER, Rival, race, summed
from tests.benchmarks.compress_verdicts import INT8, PIPELINE, TUNED, verdicts


def found(accuracy, ratio, size=9e6, changes=0):
    way = {
        "ratios": {f"drop 0.5 / {INT8}": {"median": ratio}, f"drop 0.5 / {PIPELINE}": {"median": 13.0}},
        "test accuracy": {TUNED: 0.93, "drop 0.5": accuracy},
    }
    seen = {"texts": 9, "label changes": changes, "largest difference of a score": 1e-7}
    return {
        "one text a call": way,
        "together": way,
        "bytes": {"drop 0.5": size},
        "batch invariance": {"drop 0.5": seen},
    }


def lines(*arguments, **more):
    return dict(line.rsplit(": ", 1) for line in verdicts("banking77", found(*arguments, **more)))


def test_what_is_fast_small_and_exact_reaches_its_targets():
    said = lines(0.925, 3.5)
    assert said[f"drop 0.5, one text a call, times {INT8}: 3.50, target 3.0"] == "reached"
    assert said[f"drop 0.5, one text a call, times {INT8}: 3.50, stretch 5.0"] == "MISSED"
    assert said[f"drop 0.5, together, times {PIPELINE}: 13.00, target 12.0"] == "reached"
    assert said["drop 0.5: 9.0 MB, target 10.0"] == "reached"
    assert said["drop 0.5, one text a call: 0.50 points lost on test, at most 0.5"] == "reached"


def test_speed_and_size_at_the_cost_of_accuracy_are_missed():
    said = lines(0.9249, 3.5)
    assert "accuracy is too low" in said[f"drop 0.5, one text a call, times {INT8}: 3.50, target 3.0"]
    assert "accuracy is too low" in said["drop 0.5: 9.0 MB, target 10.0"]


def test_a_label_that_changes_among_others_is_a_miss():
    said = lines(0.93, 3.5, changes=1)
    assert said["drop 0.5, 9 texts: 1 labels change among others, target 0"] == "MISSED"


def test_an_absent_rival_is_told():
    record = found(0.93, 3.5)
    del record["together"]["ratios"][f"drop 0.5 / {INT8}"]
    assert any("NOT MEASURED" in line for line in verdicts("banking77", record))


def test_the_best_unpruned_int8_is_the_fastest_that_keeps_the_accuracy_on_dev():
    def candidate(name, bound, ms, precision="int8", pruned=False, disagreement=0.02):
        return {
            "name": name,
            "pruned": pruned,
            "trimmed": False,
            "precision": precision,
            "accuracy_loss": {"bound": bound},
            "disagreement": disagreement,
            "mean_ms": ms,
        }

    measurements = [
        candidate("plain", 0.2, 2.0, disagreement=0.01),
        candidate("fused", 0.3, 1.5),
        candidate("static", 3.0, 1.0),
        candidate("pruned", 0.1, 0.5, pruned=True),
        candidate("fp32", 0.0, 0.9, precision="fp32"),
    ]
    assert best_unpruned({"candidates": measurements}, 0.5)["name"] == "fused"
    assert best_unpruned({"candidates": measurements}, 0.1)["name"] == "plain"
    assert best_unpruned({"candidates": measurements}, 0.5, churn=1.0)["name"] == "plain"


@pytest.mark.parametrize("between", [[], ["DequantizeLinear"], ["DequantizeLinear", "Transpose"]])
def test_weights_are_found_behind_what_dequantizes_them(tmp_path, between):
    nodes, name = [], "w"
    for number, kind in enumerate(between):
        more = ["s"] if kind == "DequantizeLinear" else []
        nodes.append(helper.make_node(kind, [name, *more], [f"v{number}"]))
        name = f"v{number}"
    nodes.append(helper.make_node("MatMul", ["x", name], ["y"]))
    constants = {"w": np.ones((8, 8), np.int8 if between else np.float32), "s": np.ones((), np.float32)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 8])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    onnx.save(helper.make_model(graph), tmp_path / "model.onnx")
    assert weights(tmp_path / "model.onnx") == 64


def test_every_text_is_timed_in_every_round_and_ratios_are_taken_by_round():
    opened = []

    def rivals():
        opened.append("ab")
        return {name: Rival(int, lambda texts: [0] * len(texts), 1) for name in "ab"}

    raced = race(rivals, [str(n) for n in range(60)], 2)
    assert len(opened) == 2
    rounds = {way: {name: len(found) for name, found in speeds.items()} for way, speeds in raced["speeds"].items()}
    assert rounds == {ALONE: {"a": 2, "b": 2}, TOGETHER: {"a": 2, "b": 2}}
    assert {name: len(values) for name, values in raced["milliseconds"].items()} == {"a": 120, "b": 120}
    ratios = summed({"a": [2.0, 6.0, 4.0], "b": [1.0, 2.0, 4.0]}, ["a"])["ratios"]
    assert ratios == {"a / b": {"median": 2.0, "least": 1.0, "most": 3.0, "runs": 3}}
