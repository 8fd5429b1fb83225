"""The pass `int8` on fused graphs and with static scales: complete, batch-invariant, and picky about its texts."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import onnx
import pytest

from tests.onnx_graphs import apply_pass, graph_of, operators
from workbench.context import Context
from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.digests import digest_file
from workbench.nouns.model import Model
from workbench.quality.invariance import batch_invariance
from workbench.stages.bundle import make_bundle, open_batch_invariant
from workbench.testing.models import write_model
from workbench_quantize.products import with_bias

HIDDEN_PRODUCTS = 2 * 6  # of two layers: query, key, value, output and the two of the feed-forward part
PRODUCTS = HIDDEN_PRODUCTS + 1  # and the head


def chain(context, model, root, *names):
    for name in names:
        component = context.host.registry("passes")[name]
        model = component(model, root / "-".join(names[: names.index(name) + 1]), component.options(), context)
    return model


@pytest.fixture(scope="module")
def models(host, tmp_path_factory):
    """One model as exported and as fused; not to be changed."""
    root = tmp_path_factory.mktemp("models")
    context, model = Context(host=host, seed=13, work=root), write_model(root / "torch")
    return {names[-1]: chain(context, model, root, *names) for names in (("onnx",), ("onnx", "fuse"))}


@pytest.fixture
def quantize(context, small_dataset, tmp_path):
    def run(model, folder="int8", dataset=small_dataset, **options):
        return apply_pass("int8", model, tmp_path / folder, context, dataset, **options)

    return run


@pytest.fixture(scope="module")
def texts(small_dataset):
    """Texts of several lengths, each more than once."""
    return [row.text for row in small_dataset] * 3


def near(host, made, model, texts):
    logits, expected = (host.open_predictor(each).logits(texts) for each in (made, model))
    return 0 < abs(logits - expected).max() < 0.15 * np.ptp(expected)


def test_a_fused_graph_is_quantized_dynamically(host, models, quantize, texts):
    made = quantize(models["fuse"])
    counts = operators(made)
    assert (counts["MatMulInteger"], counts["MultiHeadAttention"], counts["MatMul"]) == (PRODUCTS, 2, 0)
    assert made.rows_per_call == 1
    assert near(host, made, models["fuse"], texts)


def test_static_scales_are_constants(host, models, quantize, texts):
    made = quantize(models["fuse"], mode="static")
    counts, graph = operators(made), graph_of(made)
    assert (counts["MatMulIntegerToFloat"], counts["DynamicQuantizeLinear"]) == (HIDDEN_PRODUCTS, 0)
    held = {tensor.name for tensor in graph.initializer}
    scales = [node.input[1] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    products = [node for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    scales += [name for node in products for name in node.input[2:5]]
    assert len(scales) > 3 * HIDDEN_PRODUCTS
    assert held.issuperset(scales)
    assert {node.input[5] for node in products} == {""}  # weights lie evenly about zero
    assert held == {name for node in graph.node for name in node.input if name in held}  # and nothing is left over
    large = [tensor for tensor in graph.initializer if np.prod(tensor.dims) >= 1000 and len(tensor.dims) == 2]
    floats = [tensor.name for tensor in large if tensor.data_type == onnx.TensorProto.FLOAT]
    assert len(large) == HIDDEN_PRODUCTS + 2  # with the tokens' table and that of positions, which is no lookup
    assert len(floats) == 1
    assert near(host, made, models["fuse"], texts)


def test_products_alone_read_what_was_quantized(models, quantize):
    graph = graph_of(quantize(models["fuse"], mode="static"))
    forth = {name for node in graph.node if node.op_type == "QuantizeLinear" for name in node.output}
    assert {node.op_type for node in graph.node if forth.intersection(node.input)} == {"MatMulIntegerToFloat"}


def test_a_product_adds_its_bias_itself(models, quantize):
    graph, before = graph_of(quantize(models["fuse"], mode="static")), operators(models["fuse"])
    products = [node for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    vectors = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 1}
    assert all(node.input[6] in vectors for node in products)
    left = Counter(node.op_type for node in graph.node)["Add"]
    assert left == before["Add"] - len(products) + before["Gemm"]  # onnxruntime parts the head's Gemm in two


@pytest.mark.parametrize(
    ("zero", "bias", "inputs"),
    [
        (0, True, ["q", "w", "s", "s", "z", "", "b"]),
        (0, False, ["q", "w", "s", "s", "z"]),
        (1, True, ["q", "w", "s", "s", "z", "z", "b"]),
        (1, False, ["q", "w", "s", "s", "z", "z"]),
    ],
)
def test_a_product_has_just_what_it_needs(zero, bias, inputs):
    """Of a graph whose nodes have no names: a bias if there is one, a zero point of the weight unless it is zero."""

    def tensor(name, shape, kind, value=1):
        return onnx.helper.make_tensor(name, kind, shape, np.full(shape, value, np.uint8).ravel())

    node, float32, uint8 = onnx.helper.make_node, onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("DequantizeLinear", ["w", "s", "z"], ["v"]),
        node("MatMul", ["d", "v"], ["m"]),
        *([node("Add", ["m", "b"], ["a"])] if bias else []),
        node("Relu", ["a" if bias else "m"], ["y"]),
    ]
    sides = [[onnx.helper.make_tensor_value_info(name, float32, [1, 2])] for name in ("x", "y")]
    held = [tensor("s", [], float32), tensor("z", [], uint8, zero)]
    held += [tensor("w", [2, 2], uint8), tensor("b", [2], float32)]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", *sides, held))
    with_bias(model)
    assert [each.op_type for each in model.graph.node] == ["QuantizeLinear", "MatMulIntegerToFloat", "Relu"]
    assert list(model.graph.node[1].input) == inputs
    assert [each.name for each in model.graph.initializer] == ["s", "z", "w", *(["b"] if bias else [])]


def test_texts_share_a_call_and_are_answered_as_alone(host, models, quantize, texts):
    made = quantize(models["fuse"], mode="static")
    assert Model.load(made.path).rows_per_call is None
    assert made.history[-1]["batch_invariance"]["holds"] is True
    found = batch_invariance(host.open_predictor(made), texts, seed=3)
    assert (found.rows, found.label_changes) == (len(texts), 0)
    assert found.max_score_difference <= 1e-6
    assert found.holds


def test_dynamic_scales_would_not_hold_without_a_row_a_call(host, models, quantize, texts):
    made = quantize(models["fuse"])
    assert batch_invariance(host.open_predictor(made), texts, seed=3).max_score_difference == 0.0
    free = batch_invariance(host.open_predictor(dataclasses.replace(made, rows_per_call=None)), texts, seed=3)
    assert free.max_score_difference > 1e-6
    assert not free.holds


def test_a_bundle_that_would_not_hold_is_asked_a_row_a_call(models, quantize, texts, context, tmp_path):
    free = dataclasses.replace(quantize(models["fuse"]), rows_per_call=None)
    bundle, served, found = open_batch_invariant(make_bundle(free, tmp_path / "crowded", context.host), texts, context)
    assert (bundle.model.rows_per_call, served.model.rows_per_call, found.max_score_difference) == (1, 1, 0.0)
    made = make_bundle(quantize(models["fuse"], "static", mode="static"), tmp_path / "steady", context.host)
    assert open_batch_invariant(made, texts, context)[0] == made


def test_answers_that_are_no_numbers_are_not_invariant(host, models, texts):
    predictor = host.open_predictor(models["fuse"])
    predictor.logits = lambda texts: np.full((len(texts), 3), np.nan, np.float32)
    assert not batch_invariance(predictor, texts, seed=3).holds


def test_texts_that_are_padded_do_not_share_a_call(models, quantize):
    assert quantize(models["onnx"], mode="static").rows_per_call == 1


def test_a_model_that_fails_the_comparison_asks_for_a_row_a_call(models, quantize, monkeypatch):
    from workbench_quantize import int8

    honest = int8.batch_invariance
    monkeypatch.setattr(
        int8, "batch_invariance", lambda *a, **kw: dataclasses.replace(honest(*a, **kw), label_changes=1)
    )
    assert quantize(models["fuse"], mode="static").rows_per_call == 1


def test_excluded_nodes_stay_in_float32(host, models, quantize, texts):
    for number, mode in enumerate(("dynamic", "static")):
        made = quantize(models["fuse"], str(number), mode=mode, exclude=["*layer.1*output*", "*word_embeddings*"])
        step = made.history[-1]
        assert step["products"] == PRODUCTS - 2 - (mode == "static")
        assert sum("layer.1" in name for name in step["excluded"]) == 2
        tensors = {tensor.name: tensor.data_type for tensor in graph_of(made).initializer}
        assert tensors["encoder.embeddings.word_embeddings.weight"] == onnx.TensorProto.FLOAT
        assert near(host, made, models["fuse"], texts)


@pytest.mark.parametrize("mode", ["dynamic", "static"])
def test_one_scale_for_a_whole_weight_is_near_too(host, models, quantize, texts, mode):
    assert near(host, quantize(models["fuse"], mode=mode, per_channel=False), models["fuse"], texts)


@pytest.mark.parametrize("exact", [True, False])
def test_static_weights_have_seven_bits_where_products_saturate(models, quantize, monkeypatch, exact):
    monkeypatch.setattr("workbench_quantize.int8.sums_int8_exactly", lambda: exact)
    made = quantize(models["fuse"], mode="static")
    weights = {node.input[1] for node in graph_of(made).node if node.op_type == "MatMulIntegerToFloat"}
    held = [onnx.numpy_helper.to_array(tensor) for tensor in graph_of(made).initializer if tensor.name in weights]
    assert (max(int(abs(weight.astype(int)).max()) for weight in held) > 64) is exact
    assert made.history[-1]["reduce_range"] is not exact


def test_a_pattern_that_matches_nothing_is_refused_with_names(models, quantize):
    with pytest.raises(UsageProblem, match=r"int8\.exclude: '\*pooler\*' matches no product .*Names: .*MatMul"):
        quantize(models["fuse"], exclude=["*pooler*"])


def test_nothing_left_to_quantize_is_refused(models, quantize):
    with pytest.raises(WorkbenchError, match="has no product left to quantize"):
        quantize(models["fuse"], exclude=["*"])


def test_without_texts_static_scales_are_refused_with_the_ways_out(models, quantize, small_dataset):
    few = dataclasses.replace(small_dataset, utterances=small_dataset.utterances[:5])
    for dataset in (None, few):
        with pytest.raises(WorkbenchError, match=r'texts to calibrate on, at least 16.*texts = "FILE".*mode = "dyn'):
            quantize(models["fuse"], mode="static", dataset=dataset)


def test_texts_of_a_file_are_enough(host, models, quantize, texts, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(texts[:40]) + "\n\n", encoding="utf-8")
    made = quantize(models["fuse"], mode="static", dataset=None, texts=str(tmp_path / "texts.txt"))
    assert near(host, made, models["fuse"], texts)
    assert made.history[-1]["options"]["texts"] == "texts.txt"
    assert made.history[-1]["texts_sha256"] == digest_file(tmp_path / "texts.txt")
    with pytest.raises(WorkbenchError, match=r"none\.txt: cannot be read"):
        quantize(models["fuse"], mode="static", texts=str(tmp_path / "none.txt"))


def test_products_that_onnxruntime_would_not_run_as_integers_are_an_error(models, quantize, monkeypatch):
    from workbench_quantize import checks

    monkeypatch.setattr(checks, "integer_products", lambda path: 3)
    with pytest.raises(WorkbenchError, match="runs 3 integer products where 12 were quantized"):
        quantize(models["fuse"], mode="static")


def test_a_scale_that_is_left_out_is_an_error(models, quantize, monkeypatch):
    from workbench_quantize import static

    honest, name = static.quantize_static, "/encoder/encoder/layer.1/intermediate/dense/MatMul"
    monkeypatch.setattr(static, "quantize_static", lambda *a, **kw: honest(*a, **{**kw, "nodes_to_exclude": [name]}))
    with pytest.raises(WorkbenchError, match=rf"of 12 products .*still float32: {name}"):
        quantize(models["onnx"], mode="static")


def test_the_same_texts_give_the_same_bytes(models, quantize):
    one, two = (quantize(models["fuse"], folder, mode="static").path / "model.onnx" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_statically_quantized_model_is_refused(models, quantize):
    with pytest.raises(WorkbenchError, match=r"is quantized already \(.*QuantizeLinear"):
        quantize(quantize(models["fuse"], mode="static"), "again")
