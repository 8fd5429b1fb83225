"""The pass `onnx`: the graph answers as torch does, holds nothing of the machine, and is the same everywhere."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file, save_file

from tests.model_folders import spoil
from workbench.context import Context
from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import FAMILIES, INTENTS, TEXTS, WIDTH, write_model

EXPORTERS = ("optimum", "torch")


@pytest.fixture
def export(host, context, tmp_path):
    def run(model, *, folder="exported", dataset=None, **options):
        component = host.registry("passes")["onnx"]
        chosen = parse_options(component.options, options, "compress")
        return component(model, tmp_path / folder, chosen, dataclasses.replace(context, dataset=dataset))

    return run


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {family: write_model(root / family, family) for family in FAMILIES}


@pytest.fixture(scope="module")
def exported(host, models, tmp_path_factory):
    """One export of each family by each exporter, made when it is first asked for."""
    root = tmp_path_factory.mktemp("exported")
    (root / "work").mkdir()

    @functools.cache
    def run(family, exporter="optimum"):
        component = host.registry("passes")["onnx"]
        context = Context(host=host, seed=13, work=root / "work")
        return component(models[family], root / f"{family}-{exporter}", component.options(exporter=exporter), context)

    return run


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_answers_as_torch_does(host, exported, models, family, exporter):
    ours, torchs = host.open_predictor(exported(family, exporter)), host.open_predictor(models[family])
    logits, embeddings = ours.run(TEXTS)
    expected, vectors = torchs.run(TEXTS)
    assert logits == pytest.approx(expected, abs=1e-4)
    assert embeddings == pytest.approx(vectors, abs=1e-4)
    assert np.ptp(expected, axis=0).min() > 0.01  # or the comparison would say nothing
    for text in TEXTS:
        assert ours.logits([text]) == pytest.approx(torchs.logits([text]), abs=1e-4)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_inputs_outputs_and_opset_are_those_agreed_on(exported, exporter):
    graph = onnx.load(exported("bert", exporter).path / "model.onnx")
    onnx.checker.check_model(graph, full_check=True)
    assert [(entry.name, shape(entry)) for entry in graph.graph.input] == [
        ("input_ids", ["batch", "sequence"]),
        ("attention_mask", ["batch", "sequence"]),
    ]
    assert [(entry.name, shape(entry)) for entry in graph.graph.output] == [
        ("logits", ["batch", len(INTENTS)]),
        ("embedding", ["batch", WIDTH]),
    ]
    assert {entry.type.tensor_type.elem_type for entry in graph.graph.input} == {onnx.TensorProto.INT64}
    assert [entry.version for entry in graph.opset_import if entry.domain == ""] == [18]


def shape(entry):
    return [axis.dim_param or axis.dim_value for axis in entry.type.tensor_type.shape.dim]


def test_the_opset_can_be_chosen(export, models):
    graph = onnx.load(export(models["bert"], opset=20).path / "model.onnx")
    assert [entry.version for entry in graph.opset_import if entry.domain == ""] == [20]


def test_the_first_token_can_be_the_pooling(host, export, tmp_path):
    model = write_model(tmp_path / "cls", pooling="cls")
    exported = export(model)
    assert exported.pooling == "cls"
    expected = host.open_predictor(model).logits(TEXTS)
    assert host.open_predictor(exported).logits(TEXTS) == pytest.approx(expected, abs=1e-4)
    mean = dataclasses.replace(model, pooling="mean")
    assert host.open_predictor(mean).logits(TEXTS) != pytest.approx(expected, abs=1e-2)


def test_what_the_model_is_travels_along(export, models, context):
    history = ({"step": "probe"},)
    exported = export(
        dataclasses.replace(models["bert"], prefix="query: ", normalization=("repair-1",), history=history)
    )
    assert sorted(path.name for path in exported.path.iterdir()) == ["model.onnx", "tokenizer.json", "workbench.json"]
    assert not list(context.work.iterdir())
    loaded = Model.load(exported.path)
    assert (loaded.format, loaded.intents) == ("onnx", INTENTS)
    assert (loaded.prefix, loaded.normalization) == ("query: ", ("repair-1",))
    assert [step["step"] for step in loaded.history] == ["probe", "onnx"]
    assert loaded.history[1]["options"]["exporter"] == "optimum"
    assert "optimum-onnx" in loaded.history[1]["libraries"]


SCRIPT = """
import sys
from pathlib import Path
from workbench.context import Context
from workbench.host import build_host
from workbench.nouns.model import Model
source, root, exporters = sys.argv[1:]
host = build_host()
offer = host.registry("passes")["onnx"]
for exporter in exporters.split(","):
    (work := Path(root) / f"{exporter}-work").mkdir(parents=True)
    options = offer.options(exporter=exporter)
    offer(Model.load(Path(source)), Path(root) / exporter, options, Context(host, 13, work))
"""


def test_another_process_in_another_folder_writes_the_same_bytes(exported, models, tmp_path):
    root = tmp_path / "elsewhere" / "deeper"
    command = [sys.executable, "-c", SCRIPT, str(models["roberta"].path), str(root), ",".join(EXPORTERS)]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert [line for line in done.stderr.splitlines() if "made-up texts" not in line] == []  # nothing else is noted
    for exporter in EXPORTERS:
        written = (root / exporter / "model.onnx").read_bytes()
        assert written == (exported("roberta", exporter).path / "model.onnx").read_bytes()
        assert not re.search(rb"site-packages|\.py\b|Traceback|elsewhere", written)


def test_notes_are_taken_out_of_every_place_that_has_them():
    from workbench_onnx.strip import strip

    node = onnx.helper.make_node("Identity", ["x"], ["y"], doc_string="told")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1], doc_string="told")
    inner = onnx.helper.make_graph([node], "inner", [], [], doc_string="told")
    branch = onnx.helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner)
    function = onnx.helper.make_function("local", "f", ["x"], ["y"], [node], [onnx.helper.make_opsetid("", 18)])
    graph = onnx.helper.make_graph(
        [node, branch],
        "outer",
        [value],
        [],
        doc_string="told",
        initializer=[onnx.helper.make_tensor("w", 1, [1], [1.0])],
    )
    model = onnx.helper.make_model(graph, functions=[function], doc_string="told")
    for holder in (
        model,
        model.graph,
        model.graph.node[0],
        model.graph.input[0],
        model.graph.initializer[0],
        model.functions[0],
        model.functions[0].node[0],
        model.graph.node[1].attribute[0].g,
    ):
        holder.metadata_props.add(key="source", value="told")
    assert model.SerializeToString().count(b"told") > 12
    strip(model)
    assert b"told" not in model.SerializeToString()
    assert len(model.graph.node) == 2


def test_a_graph_that_answers_otherwise_is_refused_with_the_worst_text(export, models, small_dataset, monkeypatch):
    from workbench_onnx import optimum_exporter

    honest = optimum_exporter.export

    def wrong(*arguments):
        graph = honest(*arguments)
        bias = next(tensor for tensor in graph.graph.initializer if tensor.name.endswith("head.bias"))
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.5), bias.name))
        return graph

    monkeypatch.setattr(optimum_exporter, "export", wrong)
    with pytest.raises(WorkbenchError, match=r"logits differ from torch's by up to 0\.5 .* text is '") as error:
        export(models["bert"], dataset=small_dataset)
    assert "exporter = 'torch'" in str(error.value)


def test_a_graph_that_answers_nan_is_refused(export, models, small_dataset, monkeypatch):
    from workbench_onnx import optimum_exporter

    honest = optimum_exporter.export

    def broken(classifier, *arguments):
        classifier.head.bias.data[1] = float("nan")
        return honest(classifier, *arguments)

    monkeypatch.setattr(optimum_exporter, "export", broken)
    with pytest.raises(WorkbenchError, match="from torch's by up to nan"):
        export(models["bert"], dataset=small_dataset)


def test_a_bare_encoder_is_refused(export, tmp_path):
    with pytest.raises(WorkbenchError, match=r"has no head .* nothing to classify with\. Train it first"):
        export(write_model(tmp_path / "bare", head=False))


def test_missing_weights_are_named(export, tmp_path):
    model = write_model(tmp_path / "model")
    (model.path / "model.safetensors").unlink()
    with pytest.raises(WorkbenchError, match=r"has no weights: model\.safetensors is missing"):
        export(model)


def without_a_layer(tensors):
    return {name: tensor for name, tensor in tensors.items() if "layer.1." not in name}


def test_random_weights_are_not_exported(export, models, tmp_path):
    folder = spoil(models["bert"].path, tmp_path / "holes", without_a_layer)
    with pytest.raises(WorkbenchError, match=r"holes: lacks 16 of the 39 weights .*encoder\.layer\.1\."):
        export(dataclasses.replace(models["bert"], path=folder))


DAMAGED = {
    "model.safetensors": "model: cannot be opened",
    "head.safetensors": r"head\.safetensors: is not a valid head",
    "config.json": r"model: cannot be opened .*not a valid JSON",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_truncated_file_is_one_line(export, tmp_path, name):
    model = write_model(tmp_path / "model")
    (model.path / name).write_bytes((model.path / name).read_bytes()[:90])
    with pytest.raises(WorkbenchError, match=DAMAGED[name]) as caught:
        export(model)
    assert "\n" not in str(caught.value)


def test_an_onnx_model_is_refused(export, exported):
    with pytest.raises(WorkbenchError, match="is an ONNX model already"):
        export(exported("bert"))


def test_another_format_is_refused(export, models):
    with pytest.raises(WorkbenchError, match="has the format 'transformers'"):
        export(dataclasses.replace(models["bert"], format="transformers"))


def test_more_weights_than_a_file_holds_are_refused(export, models, monkeypatch):
    monkeypatch.setattr("workbench_onnx.export.MOST_BYTES", 1000)
    with pytest.raises(WorkbenchError, match="GB of weights"):
        export(models["bert"])


def test_a_head_for_other_intents_is_refused(export, tmp_path):
    model = write_model(tmp_path / "model")
    head = load_file(model.path / "head.safetensors")
    save_file({name: tensor[:2] for name, tensor in head.items()}, model.path / "head.safetensors")
    with pytest.raises(WorkbenchError, match=r"safetensors: has weights \[2, 32\] and bias \[2\], but 3 intents and"):
        export(model)


def test_without_optimum_the_extra_is_named(export, models, monkeypatch):
    monkeypatch.delitem(sys.modules, "workbench_onnx.optimum_exporter", raising=False)
    monkeypatch.setitem(sys.modules, "optimum.exporters.onnx", None)
    monkeypatch.setitem(sys.modules, "optimum", None)
    with pytest.raises(WorkbenchError, match=r"optimum is not installed.*intent-workbench\[export\]"):
        export(models["bert"])


def test_options_out_of_range_are_refused(export, models):
    for options in ({"opset": 11}, {"exporter": "tf"}, {"parity_rows": 0}, {"tolerance": -1.0}):
        with pytest.raises(UsageProblem):
            export(models["bert"], **options)
