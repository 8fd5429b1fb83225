"""What the search cannot work with, and what it can do with little."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from tests.model_folders import spoil
from workbench.errors import GateRefused, WorkbenchError
from workbench.host import build_host
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import write_model

HASTY = {"minutes": 0.0}


@pytest.fixture
def hasty(searching, context, tmp_path):
    """`hasty(model, dataset, **options)` searches without time for a cut."""

    def run(model: Model, dataset=None, host=searching.host, **options) -> Model:
        component = host.registry("passes")["search"]
        around = dataclasses.replace(context, host=host, dataset=dataset, baseline=model)
        return component(
            model, tmp_path / "out", parse_options(component.options, {**HASTY, **options}, "compress"), around
        )

    return run


def test_a_quantized_or_exported_model_is_refused(searching, hasty):
    for passes, said in (("onnx", "has the format 'onnx'"), ("onnx-int8", r"is quantized already \(int8\)")):
        done = Model.load(searching.step("whole", f"baseline-{passes}") / "model")
        with pytest.raises(WorkbenchError, match=said):
            hasty(done, searching.dataset)


def test_an_encoder_without_a_head_is_refused(hasty, tiny_encoder, searching):
    with pytest.raises(WorkbenchError, match="has no head"):
        hasty(Model.load(tiny_encoder), searching.dataset)


def test_a_model_of_another_task_is_refused(searching, hasty):
    with pytest.raises(WorkbenchError, match="is for the task 'intents'"):
        hasty(dataclasses.replace(searching.model, task="intents"), searching.dataset)


def test_without_data_and_texts_it_is_refused(searching, hasty):
    with pytest.raises(WorkbenchError, match=r"none are at hand\. Give the training data: --data FOLDER; or texts"):
        hasty(searching.model)


def test_few_rows_are_refused(searching, hasty, small_dataset):
    with pytest.raises(WorkbenchError, match=r"there are 18 dev rows.*--use onnx,int8"):
        hasty(searching.model, small_dataset)
    train = searching.dataset.with_rows(searching.dataset.split("train"))
    with pytest.raises(WorkbenchError, match="there are 0 dev rows"):
        hasty(searching.model, train)


def test_few_texts_are_refused(searching, hasty, tmp_path):
    (tmp_path / "texts.txt").write_text("".join(f"where is parcel {n}\n" for n in range(396)), encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"there are 99 texts, every 4th of what was given.*Give 400 texts"):
        hasty(searching.model, None, texts=str(tmp_path / "texts.txt"))


def test_a_vocabulary_that_cannot_be_trimmed_stays_unless_that_was_asked_for(searching, hasty, tmp_path, caplog):
    folder = Path(shutil.copytree(searching.model.path, tmp_path / "words"))
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words.model = models.WordLevel(words.get_vocab(), unk_token="[UNK]")
    words.save(str(folder / "tokenizer.json"))
    with pytest.raises(WorkbenchError, match="of the kind 'WordLevel', which cannot be trimmed"):
        hasty(Model.load(folder), searching.dataset, vocabulary="trim")
    with pytest.raises(GateRefused, match="none of"):
        hasty(Model.load(folder), searching.dataset, max_size_mb=0.001)
    assert "a smaller vocabulary is left out: " in caplog.text


def test_another_models_rows_are_refused(searching, hasty):
    other = dataclasses.replace(searching.dataset, intents=searching.dataset.intents[::-1])
    with pytest.raises(WorkbenchError, match="others or in another order"):
        hasty(searching.model, other)


def test_texts_alone_are_judged_by_the_models_own_predictions(searching, hasty, tmp_path, caplog):
    texts = tmp_path / "texts.txt"
    lines = list(dict.fromkeys(row.text for row in searching.dataset))
    assert len(lines) > 400
    texts.write_text("\n".join(["", *lines, lines[0], "  "]), encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        made = hasty(searching.model, texts=str(texts))
    assert "no dev row has a label" in caplog.text
    last = made.history[-1]
    assert (last["labelled_by"], last["rows"]) == ("baseline", -(-len(lines) // 4))
    assert last["accuracy"] == pytest.approx(1 - last["disagreement"])


def test_rows_without_labels_are_judged_so_too(searching, hasty):
    bare = searching.dataset.with_rows(dataclasses.replace(row, intents=None) for row in searching.dataset)
    assert hasty(searching.model, bare).history[-1]["labelled_by"] == "baseline"


def test_a_file_of_texts_must_be_readable(searching, hasty, tmp_path):
    with pytest.raises(WorkbenchError, match="cannot be read"):
        hasty(searching.model, texts=str(tmp_path / "none.txt"))
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9\n")
    with pytest.raises(WorkbenchError, match="it is not UTF-8"):
        hasty(searching.model, texts=str(tmp_path / "latin.txt"))


def test_an_unknown_family_is_served_whole_and_said_so(searching, hasty, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        made = hasty(write_model(tmp_path / "albert", "albert"), searching.dataset, minutes=5.0)
    assert "no pass can prune its encoder" in caplog.text
    assert made.history[-1]["chosen"].startswith("baseline-")


def test_it_does_without_passes_that_nobody_offers(searching, hasty):
    few = build_host(["workbench_compress", "workbench_onnx", "workbench_train"])
    chosen = hasty(searching.model, searching.dataset, host=few, minutes=5.0).history[-1]["chosen"]
    assert chosen in ("baseline-fp32", "baseline-fuse-fp32")


def test_without_an_export_it_is_refused(searching, hasty):
    few = build_host(["workbench_compress", "workbench_train"])
    with pytest.raises(WorkbenchError, match="no plugin has a pass that exports a model"):
        hasty(searching.model, searching.dataset, host=few)


def test_damaged_predictions_are_not_judged(searching, hasty, tmp_path):
    made = spoil(searching.model.path, tmp_path / "nan", lambda w: {k: v * float("nan") for k, v in w.items()})
    with pytest.raises(WorkbenchError, match=r"not finite numbers|from torch's by up to nan"):
        hasty(Model.load(made), searching.dataset)
