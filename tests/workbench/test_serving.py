"""`open_bundle` and the bundle that a path means."""

from __future__ import annotations

import dataclasses

import pytest

import workbench
from tests.bundles import write_bundle
from workbench.engine.run import RUN, StageRecord
from workbench.engine.store import Store
from workbench.errors import WorkbenchError
from workbench.serving.open import find_bundle, open_bundle


def write_run(folder, stages):
    records = [StageRecord(name, kind, folder / f"stages/{name}-01/out", "01") for name, kind in stages]
    Store(folder).point({}, records)


def test_the_package_offers_the_door():
    assert workbench.open_bundle is open_bundle


def test_a_bundle_opens_by_path_or_text_and_answers(tmp_path, host):
    write_bundle(tmp_path / "b")
    for path in (tmp_path / "b", str(tmp_path / "b")):
        (answer,) = open_bundle(path, host=host).predict(["give me my money back"])
        assert answer.intents == ("退款",)


def test_a_predictor_embeds_too(tmp_path, host):
    write_bundle(tmp_path / "b")
    assert open_bundle(tmp_path / "b", host=host).embed(["refund", "x"]).shape == (2, 2)


def test_threads_change_no_answer(tmp_path, host):
    write_bundle(tmp_path / "b")
    texts = [f"where is {word}" for word in ("my money", "the parcel", "", "快递", "it") * 20]
    assert open_bundle(tmp_path / "b", host=host).predict(texts) == open_bundle(
        tmp_path / "b", threads=4, host=host
    ).predict(texts)


def test_a_run_means_the_bundle_of_its_gate(tmp_path):
    stages = [("train", "train"), ("bundle", "bundle"), ("measure", "measure")]
    write_run(tmp_path, stages)
    assert find_bundle(tmp_path) == tmp_path / "stages/bundle-01/out"
    write_run(tmp_path, [*stages, ("gate", "gate")])
    assert find_bundle(tmp_path) == tmp_path / "stages/gate-01/out"


def test_a_run_whose_gated_bundle_is_gone_does_not_answer_from_another(tmp_path, host):
    write_run(tmp_path, [("bundle", "bundle"), ("gate", "gate")])
    write_bundle(tmp_path / "stages/bundle-01/out")
    with pytest.raises(WorkbenchError, match="gate-01"):
        open_bundle(tmp_path, host=host)


@pytest.mark.parametrize(
    ("exact", "said"), [(True, None), (False, "it lacks VNNI"), (None, "this system does not tell")]
)
def test_8_bit_weights_on_another_cpu_are_warned_of(tmp_path, host, monkeypatch, caplog, exact, said):
    monkeypatch.setattr("workbench_onnx.facts.sums_int8_exactly", lambda: exact)
    model = write_bundle(tmp_path / "b").model
    for bits, full in (("7", False), ("8", True)):
        history = ({"step": "int8", "reduce_range": not full},)
        write_bundle(tmp_path / bits, model=dataclasses.replace(model, path=tmp_path / bits, history=history))
        open_bundle(tmp_path / bits, host=host)
        warned = full and exact is not True
        assert ('reduce_range = "yes"' in caplog.text) is warned
        assert not warned or said in caplog.text


def test_a_run_without_a_bundle_says_what_to_do(tmp_path):
    write_run(tmp_path, [("train", "train")])
    with pytest.raises(WorkbenchError, match="this run has no bundle yet"):
        open_bundle(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '{"format": 99, "recipe": {}, "stages": []}'])
def test_a_run_that_cannot_be_read_is_one_line(tmp_path, content):
    (tmp_path / RUN).write_text(content)
    with pytest.raises(WorkbenchError) as caught:
        open_bundle(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_path_that_is_nothing_is_named(tmp_path):
    with pytest.raises(WorkbenchError, match="nowhere: there is no such bundle or run folder"):
        open_bundle(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(WorkbenchError, match="file: there is no such bundle or run folder"):
        open_bundle(tmp_path / "file")
    with pytest.raises(WorkbenchError, match=r"is not a bundle: bundle\.json is missing"):
        open_bundle(tmp_path)


def test_a_model_with_another_number_of_intents_does_not_open(tmp_path, host):
    bundle = write_bundle(tmp_path / "b")
    dataclasses.replace(bundle, model=dataclasses.replace(bundle.model, intents=("one", "two", "three"))).save()
    with pytest.raises(WorkbenchError, match="2 logits"):
        open_bundle(tmp_path / "b", host=host)
