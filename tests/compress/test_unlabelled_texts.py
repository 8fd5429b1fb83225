"""What pruned models learn from beside train: the user's texts, and augmented ones; nothing of dev or test."""

from __future__ import annotations

import dataclasses
import re

import pytest

from workbench.api import build_host
from workbench.context import Context
from workbench.errors import UsageProblem
from workbench.io.files import read_lines
from workbench.nouns.model import Model
from workbench_compress import SearchOptions
from workbench_compress.lab.data import gather
from workbench_compress.lab.unlabelled_texts import augmented

USE = "--use onnx,int8"


@pytest.fixture
def context(searching, tmp_path):
    return Context(searching.host, 13, tmp_path, dataset=searching.dataset)


def test_augmented_texts_of_train_are_learned_from(searching, context):
    data = gather(searching.model, SearchOptions(), context, USE)
    lines = read_lines(data.unlabelled)
    assert len(lines) == len(set(lines)) == data.unlabelled_count > 100
    train = {letter for row in searching.dataset.split("train") for letter in row.text}
    assert {letter for line in lines for letter in line} <= train
    assert data.background is None


def test_they_are_the_same_every_time_and_others_with_another_seed(searching, context):
    first, again, other = (
        augmented(searching.dataset, SearchOptions(), dataclasses.replace(context, seed=seed)) for seed in (13, 13, 14)
    )
    assert first == again != other


def test_none_stands_in_dev_or_test(searching, context):
    """Also where an augmented text happens to be one of them."""
    (one, *_) = augmented(searching.dataset, SearchOptions(), context)
    rows = list(searching.dataset)
    held = next(n for n, row in enumerate(rows) if row.split == "dev")
    rows[held] = dataclasses.replace(rows[held], text=one)
    data = gather(
        searching.model, SearchOptions(), dataclasses.replace(context, dataset=searching.dataset.with_rows(rows)), USE
    )
    assert one not in read_lines(data.unlabelled)
    assert data.unlabelled_count > 100


def test_the_users_texts_come_first_and_alone_are_the_background(searching, context, tmp_path):
    dev = searching.dataset.split("dev")[0].text
    (tmp_path / "more.txt").write_text(f"where is my cat\n{dev}\n", encoding="utf-8")
    data = gather(searching.model, SearchOptions(texts=str(tmp_path / "more.txt")), context, USE)
    assert read_lines(data.background) == ["where is my cat"]
    assert read_lines(data.unlabelled)[0] == "where is my cat"
    alone = gather(
        searching.model, SearchOptions(texts=str(tmp_path / "more.txt"), augment=(), splices=0), context, USE
    )
    assert (read_lines(alone.unlabelled), alone.unlabelled_count) == (["where is my cat"], 1)


def test_without_any_there_is_no_file(searching, context):
    data = gather(searching.model, SearchOptions(augment=(), splices=0), context, USE)
    assert (data.background, data.unlabelled, data.unlabelled_count) == (None, None, 0)


def test_augmenters_for_distillation_may_be_missing_and_no_named_one(searching, context):
    alone = dataclasses.replace(context, host=build_host(["workbench_compress", "workbench_train"]))
    assert augmented(searching.dataset, SearchOptions(), alone) == []
    named = augmented(searching.dataset, SearchOptions(augment=("words",)), context)
    assert augmented(searching.dataset, SearchOptions(), context) == named != []
    with pytest.raises(UsageProblem, match="wrods"):
        augmented(searching.dataset, SearchOptions(augment=("wrods",)), context)


def test_a_trained_model_says_how_many_it_learned_from(searching):
    count = len(read_lines(searching.work("whole") / "unlabelled.txt"))
    trained = next(
        path for name, path in searching.steps("whole").items() if re.fullmatch("layers[^-]*-heads.*-e1", name)
    )
    assert Model.load(trained / "model").history[-1]["unlabelled_rows"] == count
