"""The pass `int8`: every product and table is quantized, or it says which is not; a row a call; the same bytes."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.onnx_graphs import apply_pass, graph_of, operators
from workbench.context import Context
from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.digests import digest_file
from workbench.nouns.model import Model
from workbench.testing.models import FAMILIES, TEXTS, write_model

PRODUCTS = 2 * 6 + 1  # of two layers: query, key, value, output and the two of the feed-forward part; the head
ACTIVATION_PRODUCTS = 2 * 2
INT8_OPERATORS = ("MatMulInteger", "ConvInteger", "DynamicQuantizeLinear", "DequantizeLinear", "QuantizeLinear")
TABLES = {"bert": 3, "distilbert": 2, "roberta": 3}


@pytest.fixture(scope="module")
def exported(host, tmp_path_factory):
    """An exported model of each family; not to be changed."""
    root = tmp_path_factory.mktemp("exported")
    context, component = Context(host=host, seed=13, work=root), host.registry("passes")["onnx"]
    return {
        family: component(write_model(root / family, family), root / f"{family}-onnx", component.options(), context)
        for family in FAMILIES
    }


@pytest.fixture
def quantize(context, tmp_path):
    def run(model, folder="int8", **options):
        return apply_pass("int8", model, tmp_path / folder, context, **options)

    return run


@pytest.mark.parametrize("family", FAMILIES)
def test_every_product_with_a_weight_and_every_table_is_int8(host, exported, quantize, family):
    made = quantize(exported[family])
    counts = operators(made)
    assert counts["MatMulInteger"] == PRODUCTS
    assert counts["MatMul"] == ACTIVATION_PRODUCTS
    assert counts["Gemm"] == 0
    assert counts["DequantizeLinear"] == TABLES[family]
    told = host.runtime("onnx").facts_of(made)
    assert told["nodes"] == counts.total()
    assert told["int8_nodes"] == sum(counts[name] for name in counts if name in INT8_OPERATORS) > PRODUCTS
    large = [tensor for tensor in graph_of(made).initializer if np.prod(tensor.dims) > 1000]
    assert {tensor.data_type for tensor in large} <= {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    logits = host.open_predictor(made).logits(TEXTS)
    expected = host.open_predictor(exported[family]).logits(TEXTS)
    assert 0 < abs(logits - expected).max() < 0.15 * np.ptp(expected)


def test_the_folder_is_whole_and_says_what_was_done(exported, quantize, context):
    made = quantize(exported["bert"])
    assert sorted(path.name for path in made.path.iterdir()) == ["model.onnx", "tokenizer.json", "workbench.json"]
    assert not list(context.work.iterdir())
    loaded = Model.load(made.path)
    assert (loaded.format, loaded.rows_per_call, loaded.intents) == ("onnx", 1, exported["bert"].intents)
    step = loaded.history[-1]
    assert [entry["step"] for entry in loaded.history] == ["onnx", "int8"]
    assert step["options"].items() >= {"mode": "dynamic", "per_channel": True, "embeddings": True}.items()
    assert step["products"] == PRODUCTS
    assert 0.2 < step["weights_ratio"] < 0.35
    assert (loaded.path / "model.onnx").stat().st_size < 0.7 * (exported["bert"].path / "model.onnx").stat().st_size


def test_the_same_model_gives_the_same_bytes_anywhere(exported, quantize, tmp_path):
    moved = dataclasses.replace(exported["bert"], path=shutil.copytree(exported["bert"].path, tmp_path / "moved"))
    one, two = quantize(exported["bert"], "one"), quantize(moved, "two")
    assert digest_file(one.path / "model.onnx") == digest_file(two.path / "model.onnx")
    model = onnx.load(one.path / "model.onnx")
    assert not model.metadata_props
    assert str(tmp_path).encode() not in model.SerializeToString()


def test_the_input_is_left_as_it_is(exported, quantize):
    before = {path.name: digest_file(path) for path in exported["bert"].path.iterdir()}
    quantize(exported["bert"])
    assert {path.name: digest_file(path) for path in exported["bert"].path.iterdir()} == before


def test_logging_is_left_as_it_is(exported, quantize, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    quantize(exported["bert"])
    assert logging.root.handlers == []


def scales(model):
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph_of(model).initializer
        if tensor.name.endswith("_scale") and "embeddings" not in tensor.name
    }


def test_per_channel_gives_a_scale_to_each_output(exported, quantize):
    assert Counter(scale.size for scale in scales(quantize(exported["bert"])).values()) == {32: 10, 64: 2, 3: 1}
    single = scales(quantize(exported["bert"], "single", per_channel=False))
    assert Counter(scale.size for scale in single.values()) == {1: 13}


def test_embeddings_can_stay_in_float32(exported, quantize):
    made = quantize(exported["bert"], embeddings=False)
    assert operators(made)["DequantizeLinear"] == 0
    assert operators(made)["MatMulInteger"] == PRODUCTS
    assert made.history[-1]["weights_ratio"] > 0.5


def largest_weight(model):
    weights = [
        numpy_helper.to_array(tensor)
        for tensor in graph_of(model).initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 2
    ]
    assert len(weights) == PRODUCTS
    return max(int(abs(weight.astype(int)).max()) for weight in weights)


def test_reduced_range_means_seven_bits(exported, quantize):
    assert largest_weight(quantize(exported["bert"], "yes", reduce_range="yes")) <= 64
    assert largest_weight(quantize(exported["bert"], "no", reduce_range="no")) > 100


@pytest.mark.parametrize("exact", [True, False, None])
def test_auto_asks_the_cpu_and_writes_down_what_it_said(exported, quantize, monkeypatch, exact):
    """Where it is not known whether products saturate, they must not."""
    monkeypatch.setattr("workbench_quantize.int8.sums_int8_exactly", lambda: exact)
    made = quantize(exported["bert"])
    assert made.history[-1]["reduce_range"] is (exact is not True)
    assert (largest_weight(made) <= 64) is (exact is not True)


def test_both_exporters_graphs_are_quantized(host, context, quantize, tmp_path):
    component = host.registry("passes")["onnx"]
    made = component(write_model(tmp_path / "model"), tmp_path / "torch", component.options(exporter="torch"), context)
    assert operators(quantize(made))["MatMulInteger"] == PRODUCTS


def test_a_node_that_onnxruntime_skips_is_named(exported, quantize, monkeypatch):
    from workbench_quantize import int8

    honest, name = int8.quantize_dynamic, "/encoder/encoder/layer.1/intermediate/dense/MatMul"
    assert name in {node.name for node in graph_of(exported["bert"]).node}
    monkeypatch.setattr(int8, "quantize_dynamic", lambda *a, **kw: honest(*a, **{**kw, "nodes_to_exclude": [name]}))
    with pytest.raises(WorkbenchError, match=f"12 of 13 products .* still float32: {name}"):
        quantize(exported["bert"])


def test_a_table_that_onnxruntime_skips_is_named(exported, quantize, monkeypatch):
    from workbench_quantize import int8

    honest, name = int8.quantize_dynamic, "/encoder/embeddings/word_embeddings/Gather"
    monkeypatch.setattr(int8, "quantize_dynamic", lambda *a, **kw: honest(*a, **{**kw, "nodes_to_exclude": [name]}))
    with pytest.raises(WorkbenchError, match=f"still float32: {name}"):
        quantize(exported["bert"])


def test_a_weight_behind_other_constants_counts(exported, quantize, tmp_path):
    """A product by a transposed constant is one by a constant; onnxruntime does not see that, we do."""
    folder = shutil.copytree(exported["bert"].path, tmp_path / "transposed")
    model = onnx.load(folder / "model.onnx")
    product = next(node for node in model.graph.node if node.name.endswith("intermediate/dense/MatMul"))
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == product.input[1])
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).T.copy(), weight.name))
    product.input[1] = "turned"
    turn = onnx.helper.make_node("Transpose", [weight.name], ["turned"], "turn", perm=[1, 0])
    model.graph.node.insert(list(model.graph.node).index(product), turn)
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(WorkbenchError, match=f"12 of 13 products .* still float32: {product.name}"):
        quantize(dataclasses.replace(exported["bert"], path=folder))


def test_albert_is_told_which_exporter_it_needs(host, context, quantize, tmp_path):
    model, component = write_model(tmp_path / "albert", "albert"), host.registry("passes")["onnx"]
    made = {
        name: component(model, tmp_path / name, component.options(exporter=name), context)
        for name in ("optimum", "torch")
    }
    with pytest.raises(WorkbenchError, match=r'8 of 14 products .* exporter = "torch", which ALBERT needs'):
        quantize(made["optimum"], "first")
    assert operators(quantize(made["torch"], "second"))["MatMulInteger"] == PRODUCTS + 1


def test_a_quantized_model_is_refused(exported, quantize):
    with pytest.raises(WorkbenchError, match=r"is quantized already \(.*MatMulInteger"):
        quantize(quantize(exported["bert"]), "again")


def test_a_torch_model_is_refused_with_the_pass_to_add(quantize, tmp_path):
    with pytest.raises(WorkbenchError, match=r'has the format \'torch\'.*use = "onnx"'):
        quantize(write_model(tmp_path / "model"))


def test_external_data_is_refused(exported, quantize, tmp_path):
    folder = shutil.copytree(exported["bert"].path, tmp_path / "outside")
    path = folder / "model.onnx"
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin")
    with pytest.raises(WorkbenchError, match="keeps tensors in another file"):
        quantize(dataclasses.replace(exported["bert"], path=folder))


def test_unknown_options_are_refused(exported, quantize):
    with pytest.raises(UsageProblem, match="per_channel"):
        quantize(exported["bert"], per_chanel=True)
