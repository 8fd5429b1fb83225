"""Node counts of a graph's file."""

from __future__ import annotations

import onnx
import pytest
from onnx import helper

from tests.bundles import write_onnx
from workbench.quality.graphs import node_counts

KINDS = [
    ("MatMul", "", "all"),
    ("Attention", "com.microsoft", "fused"),
    ("SkipLayerNormalization", "com.microsoft", "fused"),
    ("MatMulInteger", "", "quantized"),
    ("DynamicQuantizeLinear", "", "quantized"),
    ("DequantizeLinear", "", "quantized"),
    ("QLinearMatMul", "", "quantized"),
]


def test_a_plain_graph_has_neither_fused_nor_quantized_nodes(tmp_path):
    write_onnx(tmp_path / "model.onnx")
    assert node_counts(tmp_path / "model.onnx") == {"all": 8, "fused": 0, "quantized": 0}


@pytest.mark.parametrize(("operator", "domain", "kind"), KINDS)
def test_a_node_counts_by_its_operator_and_its_domain(tmp_path, operator, domain, kind):
    node = helper.make_node(operator, ["x"], ["y"], domain=domain)
    onnx.save(helper.make_model(helper.make_graph([node], "one", [], [])), tmp_path / "model.onnx")
    counts = node_counts(tmp_path / "model.onnx")
    assert counts == {"all": 1, "fused": 0, "quantized": 0} | {kind: 1}


def test_a_fused_node_of_int8_counts_as_both(tmp_path):
    node = helper.make_node("QAttention", ["x"], ["y"], domain="com.microsoft")
    onnx.save(helper.make_model(helper.make_graph([node], "one", [], [])), tmp_path / "model.onnx")
    assert node_counts(tmp_path / "model.onnx") == {"all": 1, "fused": 1, "quantized": 1}


def test_without_the_package_onnx_nothing_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.quality.graphs.find_spec", lambda name: None)
    assert node_counts(tmp_path / "nowhere.onnx") == {}
