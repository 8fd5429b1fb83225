"""The comparison of an export with its original: on which texts, and what it finds."""

from __future__ import annotations

import dataclasses

import pytest

from tests.bundles import write_bundle
from tests.onnx_graphs import apply_pass
from workbench.context import Context
from workbench.nouns.report import PassParity
from workbench.quality.parity import compare
from workbench.testing.models import write_model
from workbench_onnx.parity_texts import made_up_texts, parity_texts


def test_parity_is_measured_on_dev_first(small_dataset):
    def texts(dataset, most=1000):
        return parity_texts(None, most, Context(host=None, seed=1, work=None, dataset=dataset))

    dev = [row.text for row in small_dataset.split("dev")]
    assert texts(small_dataset) == ("dev", dev)
    assert texts(small_dataset, 3) == ("dev", [dev[0], dev[len(dev) // 3], dev[2 * len(dev) // 3]])
    train = small_dataset.with_rows(small_dataset.split("train"))
    assert texts(train)[0] == "train"


def test_without_a_dataset_the_texts_are_made_up_and_the_log_says_so(tmp_path, caplog):
    model = write_model(tmp_path / "model")
    origin, texts = parity_texts(model, 8, Context(host=None, seed=1, work=None))
    assert origin == "made-up words"
    assert "made-up texts" in caplog.text
    assert texts == made_up_texts(model, 8, seed=1) != made_up_texts(model, 8, seed=2)
    lengths = [len(ids) for ids in model.encode(texts)]
    assert min(lengths) < 6 < 40 < max(lengths)


def test_parity_names_the_worst_text(host, tmp_path):
    model = write_bundle(tmp_path / "model").model
    other = write_bundle(tmp_path / "other", scale=21.0).model
    found = compare(host.open_predictor(model), host.open_predictor(other), ["my", "parcel", "refund or parcel"])
    assert (found.rows, found.worst, found.agreement) == (3, "parcel", 1.0)
    assert found.max_logit_difference == pytest.approx(1 / 3, abs=1e-5)  # [CLS] parcel [SEP]: a third of the scale
    assert found.max_embedding_difference == 0
    assert found.within(0.34)
    assert not found.within(0.33)
    assert not dataclasses.replace(found, max_logit_difference=float("nan")).within(9.0)
    assert not dataclasses.replace(found, max_embedding_difference=0.5).within(0.4)


def test_every_pass_on_a_graph_notes_its_parity_in_the_history(context, small_dataset, tmp_path):
    made = {"torch": write_model(tmp_path / "torch")}
    asked = [row.text for row in small_dataset.split("dev")]
    for name, given in (("onnx", "torch"), ("fuse", "onnx"), ("int8", "fuse"), ("fp16-weights", "fuse")):
        made[name] = apply_pass(name, made[given], tmp_path / name, context, small_dataset)
        before, after = (context.host.open_predictor(made[which]) for which in (given, name))
        note = made[name].history[-1]["parity"]
        assert note == compare(before, after, asked).note("dev")
        assert note["rows"] == len(asked)
    assert [leg.step for leg in PassParity.from_history(made["int8"].history)] == ["onnx", "fuse", "int8"]
    rounded = [made[name].history[-1]["parity"]["max_logit_difference"] for name in ("int8", "fp16-weights")]
    assert min(rounded) > 1e-5
