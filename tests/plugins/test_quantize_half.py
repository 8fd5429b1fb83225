"""The pass `fp16-weights`: half the size, float32 where it is computed, and the difference written down."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from tests.onnx_graphs import apply_pass
from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.testing.models import TEXTS, write_model


@pytest.fixture(scope="module")
def exported(host, tmp_path_factory):
    """An exported model; not to be changed."""
    root = tmp_path_factory.mktemp("exported")
    component = host.registry("passes")["onnx"]
    return component(
        write_model(root / "torch"), root / "onnx", component.options(), Context(host=host, seed=13, work=root)
    )


@pytest.fixture
def run(context, small_dataset, tmp_path):
    def call(model, name="fp16-weights", folder="made", dataset=small_dataset, **options):
        return apply_pass(name, model, tmp_path / folder, context, dataset, **options)

    return call


def test_the_file_is_half_and_the_answers_are_near(host, exported, run):
    made = run(exported)
    small, large = ((model.path / "model.onnx").stat().st_size for model in (made, exported))
    assert small < 0.75 * large  # of a tiny model, whose nodes weigh as much as its weights
    step = Model.load(made.path).history[-1]
    assert 0.5 <= step["weights_ratio"] < 0.6
    logits, expected = (host.open_predictor(model).logits(TEXTS) for model in (made, exported))
    difference = abs(logits - expected).max()
    assert 0 < difference < 0.02
    assert 0 < step["parity"]["max_logit_difference"] < 0.02


def test_onnxruntime_computes_in_float32_without_a_cast(exported, run, tmp_path):
    """Or each text would pay for the smaller file."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "served.onnx")
    onnxruntime.InferenceSession(run(exported).path / "model.onnx", options, providers=["CPUExecutionProvider"])
    served = onnx.load(tmp_path / "served.onnx").graph
    before = Counter(node.op_type for node in onnx.load(exported.path / "model.onnx").graph.node)
    assert Counter(node.op_type for node in served.node)["Cast"] <= before["Cast"]
    assert not [tensor.name for tensor in served.initializer if tensor.data_type == onnx.TensorProto.FLOAT16]


def test_a_fused_graph_is_halved_too(host, exported, run):
    fused = run(exported, "fuse", "fused")
    made = run(fused)
    logits, expected = (host.open_predictor(model).logits(TEXTS) for model in (made, fused))
    assert 0 < abs(logits - expected).max() < 0.02
    assert [step["step"] for step in made.history] == ["onnx", "fuse", "fp16-weights"]


def test_numbers_that_float16_does_not_hold_stay(host, exported, run, tmp_path):
    folder = shutil.copytree(exported.path, tmp_path / "large")
    model = onnx.load(folder / "model.onnx")
    table = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("word_embeddings.weight"))
    array = numpy_helper.to_array(table).copy()
    array[-1, 0] = 1e6
    table.CopyFrom(numpy_helper.from_array(array, table.name))
    onnx.save(model, folder / "model.onnx")
    made = run(dataclasses.replace(exported, path=folder))
    kinds = {tensor.name: tensor.data_type for tensor in onnx.load(made.path / "model.onnx").graph.initializer}
    assert kinds[table.name] == onnx.TensorProto.FLOAT
    assert np.isfinite(host.open_predictor(made).logits(TEXTS)).all()


def test_a_difference_above_the_tolerance_is_refused(exported, run):
    with pytest.raises(
        WorkbenchError,
        match=r"logits differ from those in float32 by .* tolerance is 1e-09; the worst text is '.*Leave the pass",
    ):
        run(exported, tolerance=1e-9)


def test_without_a_dataset_the_difference_is_not_claimed(exported, run, caplog):
    made = run(exported, dataset=None)
    assert "parity" not in made.history[-1]
    assert "no dataset is at hand" in caplog.text


def test_what_cannot_be_halved_is_refused(exported, run, tmp_path):
    with pytest.raises(WorkbenchError, match=r"has weights in float16.*Leave out"):
        run(run(exported), folder="again")
    with pytest.raises(WorkbenchError, match="has weights in float16"):
        run(run(exported, folder="half"), "int8", "after")
    with pytest.raises(WorkbenchError, match="is quantized already"):
        run(run(exported, "int8", "int8"), folder="late")
    with pytest.raises(WorkbenchError, match="has the format 'torch', the pass fp16-weights needs onnx"):
        run(write_model(tmp_path / "model"), folder="torch")
