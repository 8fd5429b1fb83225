"""Without the training data the passes do with a file of texts, and say what is weaker."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path

import pytest

from tests.model_folders import spoil
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_file
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import write_model

PASSES = {"drop-layers": {"layers": 1}, "prune-ffn": {"width": 32}, "prune-heads": {"heads": 1}}
FILES = {**dict.fromkeys(PASSES, "texts"), "trim-vocab": "background", "recover": "extra"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Not to be changed."""
    return write_model(tmp_path_factory.mktemp("models") / "whole", "bert")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """The model before the first pass; not to be changed."""
    return write_model(tmp_path_factory.mktemp("models") / "teacher", "bert")


@pytest.fixture
def lines(tmp_path):
    """A file of 120 texts, two of them blank."""
    path = tmp_path / "asked.txt"
    path.write_text("\n".join([f"where is parcel {n}" for n in range(120)] + ["", " "]), encoding="utf-8")
    return str(path)


@pytest.fixture
def prune(host, context, tmp_path, teacher):
    """`prune(model, pass, **options)` → the pruned model; there is no dataset unless one is given."""
    numbers = iter(range(100))

    def run(model, name, *, dataset=None, **options) -> Model:
        component = host.registry("passes")[name]
        around = dataclasses.replace(context, dataset=dataset, baseline=teacher)
        return component(
            model, tmp_path / f"made-{next(numbers)}", parse_options(component.options, options, name), around
        )

    return run


@pytest.mark.parametrize("name", PASSES)
def test_texts_alone_do_and_it_says_what_is_weaker(model, prune, lines, name, caplog):
    made = prune(model, name, texts=lines, **PASSES[name])
    config = json.loads((made.path / "config.json").read_text())
    pruned = (config["num_hidden_layers"] == 1, config["intermediate_size"] == 32, "pruned_heads" in config)
    assert pruned == tuple(name == other for other in PASSES)
    assert not caplog.text or name == "drop-layers"
    assert "are few to measure on" not in caplog.text
    assert made.history[-1]["options"]["texts"] == "asked.txt"
    assert made.history[-1]["texts_sha256"] == digest_file(Path(lines))


LABELLED = [("drop-layers", {}), ("prune-ffn", {"measure": "fisher"}), ("prune-heads", {"measure": "fisher"})]


@pytest.mark.parametrize(("name", "more"), LABELLED)
def test_what_needs_labels_says_that_there_are_none(model, prune, lines, name, more, caplog):
    prune(model, name, texts=lines, **PASSES[name], **more)
    assert f"{name}: no row of asked.txt has a label; the model's own answers count, which is weaker" in caplog.text


def test_without_a_file_the_history_has_no_digest_of_one(model, prune, small_dataset):
    history = prune(model, "prune-ffn", dataset=small_dataset, width=32).history[-1]
    assert history["options"]["texts"] is None
    assert "texts_sha256" not in history


def test_texts_take_the_place_of_the_rows(model, prune, lines, small_dataset):
    assert prune(model, "prune-ffn", dataset=small_dataset, width=32).history[-1]["rows"] == 36
    assert prune(model, "prune-ffn", dataset=small_dataset, width=32, texts=lines).history[-1]["rows"] == 120
    assert prune(model, "prune-ffn", texts=lines, width=32, rows=50).history[-1]["rows"] == 50


@pytest.mark.parametrize("name", PASSES)
def test_blank_rows_are_no_hindrance_unless_all_are(model, prune, small_dataset, name):
    """This tokenizer makes no token of them, not even special ones: a whole batch of rows is empty."""
    rows = [*small_dataset.split("train"), *small_dataset.split("train")]
    texts = [""] * 40 + [row.text for row in rows[40:]]
    blank = [dataclasses.replace(r, id=str(n), text=t) for n, (r, t) in enumerate(zip(rows, texts, strict=True))]
    prune(model, name, dataset=small_dataset.with_rows(blank), **PASSES[name])
    with pytest.raises(WorkbenchError, match="no text of train has a token"):
        prune(model, name, dataset=small_dataset.with_rows(blank[:40]), **PASSES[name])


@pytest.mark.parametrize("name", ["prune-ffn", "prune-heads"])
def test_a_model_whose_weights_are_no_numbers_is_refused(model, prune, lines, tmp_path, name):
    def broken(tensors):
        return {
            key: tensor * float("nan") if key.endswith("query.weight") else tensor for key, tensor in tensors.items()
        }

    with pytest.raises(WorkbenchError, match="numbers that are not finite"):
        prune(Model.load(spoil(model.path, tmp_path / "broken", broken)), name, texts=lines)


@pytest.mark.parametrize("name", FILES)
def test_neither_data_nor_texts_is_refused_with_both_ways_out(model, prune, name):
    with pytest.raises(WorkbenchError, match=rf"no dataset is at hand\. .*--data FOLDER, or .*--{name}.{FILES[name]}"):
        prune(model, name)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\xff\xfe", "it is not UTF-8"), (b"\n \n", "has no text")]
)
def test_a_file_that_holds_no_texts_is_refused(model, prune, tmp_path, name, content, said):
    if content is not None:
        (tmp_path / "asked.txt").write_bytes(content)
    with pytest.raises(WorkbenchError, match=f"asked.txt: .*{said}"):
        prune(model, name, **{FILES[name]: str(tmp_path / "asked.txt")})


def test_a_background_list_alone_trims(model, prune, lines, caplog):
    made = prune(model, "trim-vocab", background=lines)
    assert made.history[-1]["texts"] == 120
    assert made.history[-1]["background_sha256"] == digest_file(Path(lines))
    assert made.history[-1]["tokens"] < made.history[-1]["before"]
    assert "without a dataset the background list alone says what stays, which is weaker" in caplog.text


def test_texts_alone_recover(model, prune, lines, caplog):
    cut = prune(model, "prune-ffn", texts=lines, width=32)
    with caplog.at_level(logging.WARNING):
        made = prune(cut, "recover", extra=lines, epochs=1)
    assert made.history[-1]["extra_sha256"] == digest_file(Path(lines))
    assert (made.history[-1]["rows"], made.history[-1]["unlabelled_rows"]) == (0, 120)
    assert "only the teacher's answers are learned, which is weaker" in caplog.text
    assert "there is no dev split" in caplog.text
