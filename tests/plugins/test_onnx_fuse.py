"""The pass `fuse`: few nodes, counted; the same answers for every family and exporter; what cannot be fused is said."""

from __future__ import annotations

import dataclasses
import functools
import shutil

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.bundles import write_bundle
from tests.onnx_graphs import apply_pass, graph_of, operators
from tests.products import FULL
from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_file
from workbench.nouns.model import Model
from workbench.testing.models import FAMILIES, write_model

LAYERS = 2
KINDS = [*FAMILIES, "albert", "xlm-roberta"]
OF_TORCH = KINDS if FULL else ["bert", "albert"]  # whose exports take seconds
EXPORTS = [*((kind, "optimum") for kind in KINDS), *((kind, "torch") for kind in OF_TORCH)]
TEXTS = ["where is parcel 7", "please refund order 9", "我的快递5到哪了", "I want my money back " * 30, "a"]
MOST_NODES = 60  # of two layers; an export has 93 or more


@pytest.fixture(scope="module")
def exported(host, tmp_path_factory):
    """One export of each family by each exporter, made when it is first asked for; not to be changed."""
    root = tmp_path_factory.mktemp("exported")
    context, component = Context(host=host, seed=13, work=root), host.registry("passes")["onnx"]

    @functools.cache
    def made(family, exporter, pooling):
        model = write_model(root / f"{family}-{exporter}-{pooling}-torch", family, pooling=pooling)
        return component(model, root / f"{family}-{exporter}-{pooling}", component.options(exporter=exporter), context)

    return lambda family="bert", exporter="optimum", pooling="mean": made(family, exporter, pooling)


@pytest.fixture
def fuse(context, tmp_path):
    def run(model, folder="fused", dataset=None, **options):
        return apply_pass("fuse", model, tmp_path / folder, context, dataset, **options)

    return run


@pytest.mark.parametrize(("family", "exporter"), EXPORTS)
def test_every_family_answers_as_before_with_far_fewer_nodes(host, exported, fuse, family, exporter):
    before = exported(family, exporter)
    made = fuse(before)
    counts = operators(made)
    assert counts["MultiHeadAttention"] == LAYERS
    assert counts["Gelu"] + counts["FastGelu"] == LAYERS
    assert counts["LayerNormalization"] == 2 * LAYERS + 1
    assert counts["LpNormalization"] == 1
    assert not set(counts) & {"Softmax", "Erf", "Tanh", "Reshape", "Transpose", "Unsqueeze", "Concat", "Where"}
    assert sum(counts.values()) <= MOST_NODES
    assert made.history[-1]["fused"] == {"attention": LAYERS, "gelu": LAYERS, "length": 1}
    assert made.history[-1]["nodes"] == {"before": len(graph_of(before).node), "after": sum(counts.values())}
    expected, vectors = host.open_predictor(before).run(TEXTS)
    logits, embeddings = host.open_predictor(made).run(TEXTS)
    assert logits == pytest.approx(expected, abs=1e-5)
    assert embeddings == pytest.approx(vectors, abs=1e-5)
    assert np.ptp(expected, axis=0).min() > 0.01  # or the comparison would say nothing


def test_what_the_shape_decides_is_one_table(exported, fuse):
    """Token types and positions are one table of as many rows as a text has tokens at most."""
    counts, graph = operators(made := fuse(exported())), graph_of(made)
    assert (counts["Gather"], counts["Slice"], counts["Shape"], counts["Cast"]) == (1, 1, 1, 0)
    assert [entry.name for entry in graph.input] == ["input_ids"]
    cut = next(node for node in graph.node if node.op_type == "Slice")
    (table,) = [tensor for tensor in graph.initializer if tensor.name == cut.input[0]]
    assert list(table.dims) == [made.max_length, 32]


def test_first_token_pooling_is_kept(host, exported, fuse):
    before = exported(pooling="cls")
    made = fuse(before)
    assert operators(made)["ReduceMean"] == 0
    assert host.open_predictor(made).logits(TEXTS) == pytest.approx(host.open_predictor(before).logits(TEXTS), abs=1e-5)


def test_pruned_heads_are_fused(host, context, fuse, tmp_path):
    """Fewer heads than the width has room for, as pruning leaves them."""
    from transformers import AutoModel

    model, component = write_model(tmp_path / "model"), host.registry("passes")["onnx"]
    encoder = AutoModel.from_pretrained(model.path)
    encoder.prune_heads({0: [0], 1: [1]})
    encoder.save_pretrained(model.path)
    before = component(model, tmp_path / "onnx", component.options(), context)
    made = fuse(before)
    attributes = [attribute for node in graph_of(made).node for attribute in node.attribute]
    assert [attribute.i for attribute in attributes if attribute.name == "num_heads"] == [1] * LAYERS
    assert host.open_predictor(made).logits(TEXTS) == pytest.approx(host.open_predictor(before).logits(TEXTS), abs=1e-5)


def test_only_texts_of_one_length_share_a_call(host, exported, fuse):
    predictor = host.open_predictor(fuse(exported()))
    session, shapes = predictor._session, []

    class Watched:
        def run(self, names, feed):
            assert set(feed) == {"input_ids"}
            shapes.append(feed["input_ids"].shape)
            return session.run(names, feed)

    predictor._session = Watched()
    lengths = [len(row) for row in predictor.model.encode(["parcel"] * 40 + ["refund order 9"] * 3)]
    predictor.logits(["parcel"] * 20 + ["refund order 9"] * 3 + ["parcel"] * 20)
    assert shapes == [(32, lengths[0]), (8, lengths[0]), (3, lengths[-1])]


def test_the_same_model_gives_the_same_bytes_anywhere(exported, fuse, tmp_path):
    moved = dataclasses.replace(exported(), path=shutil.copytree(exported().path, tmp_path / "moved"))
    one, two = fuse(exported(), "one"), fuse(moved, "two")
    assert digest_file(one.path / "model.onnx") == digest_file(two.path / "model.onnx")
    assert sorted(path.name for path in one.path.iterdir()) == ["model.onnx", "tokenizer.json", "workbench.json"]
    assert str(tmp_path).encode() not in (one.path / "model.onnx").read_bytes()
    assert Model.load(one.path).history == one.history


def test_a_graph_that_answers_otherwise_is_refused(exported, fuse, small_dataset, monkeypatch):
    from workbench_onnx import fuse as module

    def wrong(network):
        counts = honest(network)
        for node in network.graph:
            if node.op_type == "MultiHeadAttention":
                node.attributes["scale"] = type(node.attributes["scale"])("scale", node.attributes["scale"].type, 3.0)
        return counts

    honest = module.fuse_nodes
    monkeypatch.setattr(module, "fuse_nodes", wrong)
    with pytest.raises(WorkbenchError, match=r"logits differ from those before .* text is '.*Leave"):
        fuse(exported(), dataset=small_dataset)


def test_attention_that_no_pattern_fits_is_named(exported, fuse, tmp_path):
    """Scores that are cut before the softmax, as no family of ours does."""
    folder = shutil.copytree(exported().path, tmp_path / "other")
    model = onnx.load(folder / "model.onnx")
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    cut = helper.make_node("Relu", [softmax.input[0]], ["cut"], "cut")
    model.graph.node.insert(list(model.graph.node).index(softmax), cut)
    softmax.input[0] = "cut"
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(WorkbenchError, match=rf"could not fuse {softmax.name} .*Leave the pass fuse out"):
        fuse(dataclasses.replace(exported(), path=folder))


def test_a_model_without_attention_is_refused(fuse, tmp_path):
    with pytest.raises(WorkbenchError, match="has no attention that could be fused"):
        fuse(write_bundle(tmp_path / "words").model)


def test_a_fused_model_is_refused(exported, fuse):
    with pytest.raises(WorkbenchError, match=r"is fused or quantized already \(.*MultiHeadAttention"):
        fuse(fuse(exported()), "again")


def test_a_torch_model_is_refused_with_the_pass_to_add(fuse, tmp_path):
    with pytest.raises(WorkbenchError, match=r'has the format \'torch\'.*use = "onnx"'):
        fuse(write_model(tmp_path / "model"))


def test_external_data_is_refused(exported, fuse, tmp_path):
    folder = shutil.copytree(exported().path, tmp_path / "outside")
    onnx.save(onnx.load(folder / "model.onnx"), folder / "model.onnx", save_as_external_data=True, location="w.bin")
    with pytest.raises(WorkbenchError, match="keeps tensors in another file"):
        fuse(dataclasses.replace(exported(), path=folder))
