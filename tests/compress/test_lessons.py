"""What cuts learn from beside the rows of train: the user's texts, and augmented ones; nothing of dev or test."""

from __future__ import annotations

import dataclasses

import pytest

from workbench.api import build_host
from workbench.context import Context
from workbench.errors import UsageProblem
from workbench.io.files import read_lines
from workbench.nouns.model import Model
from workbench_compress import SearchOptions
from workbench_compress.material import augmented, gather


@pytest.fixture
def context(searching, tmp_path):
    return Context(searching.host, 13, tmp_path, dataset=searching.dataset)


def test_augmented_texts_of_train_are_learned_from(searching, context):
    material = gather(searching.model, SearchOptions(), context)
    lines = read_lines(material.lessons)
    assert len(lines) == len(set(lines)) == material.taught > 100
    train = {letter for row in searching.dataset.split("train") for letter in row.text}
    assert {letter for line in lines for letter in line} <= train
    assert material.extra is None


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
    material = gather(
        searching.model, SearchOptions(), dataclasses.replace(context, dataset=searching.dataset.with_rows(rows))
    )
    assert one not in read_lines(material.lessons)
    assert material.taught > 100


def test_the_users_texts_come_first_and_alone_are_the_background(searching, context, tmp_path):
    dev = searching.dataset.split("dev")[0].text
    (tmp_path / "more.txt").write_text(f"where is my cat\n{dev}\n", encoding="utf-8")
    material = gather(searching.model, SearchOptions(texts=str(tmp_path / "more.txt")), context)
    assert read_lines(material.extra) == ["where is my cat"]
    assert read_lines(material.lessons)[0] == "where is my cat"
    alone = gather(searching.model, SearchOptions(texts=str(tmp_path / "more.txt"), augment=(), splices=0), context)
    assert (read_lines(alone.lessons), alone.taught) == (["where is my cat"], 1)


def test_without_any_there_is_no_file(searching, context):
    material = gather(searching.model, SearchOptions(augment=(), splices=0), context)
    assert (material.extra, material.lessons, material.taught) == (None, None, 0)


def test_the_usual_augmenter_may_be_missing_and_no_other(searching, context):
    alone = dataclasses.replace(context, host=build_host(["workbench_compress", "workbench_train"]))
    assert augmented(searching.dataset, SearchOptions(), alone) == []
    with pytest.raises(UsageProblem, match="wrods"):
        augmented(searching.dataset, SearchOptions(augment=("wrods",)), context)


def test_a_trained_cut_says_how_many_it_learned_from(searching):
    work = searching.work("whole")
    lessons = len(read_lines(work / "lessons.txt"))
    (trained, *_) = (path for path in work.glob("[!.]*-e1") if path.is_dir())
    assert Model.load(trained / "model").history[-1]["unlabelled_rows"] == lessons
