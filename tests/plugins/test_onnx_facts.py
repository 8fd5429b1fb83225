"""What the runtime `onnx` tells of a graph."""

from __future__ import annotations

import onnx
import pytest
from onnx import helper

from tests.bundles import write_onnx
from workbench.nouns.model import Model

KINDS = [
    ("MatMul", "", "nodes"),
    ("Attention", "com.microsoft", "fused_nodes"),
    ("SkipLayerNormalization", "com.microsoft", "fused_nodes"),
    ("MatMulInteger", "", "int8_nodes"),
    ("DynamicQuantizeLinear", "", "int8_nodes"),
    ("DequantizeLinear", "", "int8_nodes"),
    ("QLinearMatMul", "", "int8_nodes"),
]


@pytest.fixture
def facts(host):
    return lambda folder: host.runtime("onnx").facts_of(Model(folder, "onnx", "intent", ("a", "b"), 8))


def test_a_plain_graph_has_neither_fused_nor_quantized_nodes(facts, tmp_path):
    write_onnx(tmp_path / "model.onnx")
    assert facts(tmp_path) == {"nodes": 8, "fused_nodes": 0, "int8_nodes": 0}


@pytest.mark.parametrize(("operator", "domain", "kind"), KINDS)
def test_a_node_counts_by_its_operator_and_its_domain(facts, tmp_path, operator, domain, kind):
    node = helper.make_node(operator, ["x"], ["y"], domain=domain)
    onnx.save(helper.make_model(helper.make_graph([node], "one", [], [])), tmp_path / "model.onnx")
    counts = facts(tmp_path)
    assert counts == {"nodes": 1, "fused_nodes": 0, "int8_nodes": 0} | {kind: 1}


def test_a_fused_node_of_int8_counts_as_both(facts, tmp_path):
    node = helper.make_node("QAttention", ["x"], ["y"], domain="com.microsoft")
    onnx.save(helper.make_model(helper.make_graph([node], "one", [], [])), tmp_path / "model.onnx")
    assert facts(tmp_path) == {"nodes": 1, "fused_nodes": 1, "int8_nodes": 1}


def test_without_the_package_onnx_nothing_is_counted(facts, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench_onnx.facts.find_spec", lambda name: None)
    assert facts(tmp_path) == {}
