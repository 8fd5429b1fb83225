"""Texts of two halves: what they are made of, how many there are, and that they come where there are few others."""

from __future__ import annotations

import dataclasses
import random

import pytest

from workbench.context import Context
from workbench.nouns.utterance import Utterance
from workbench_compress import SearchOptions
from workbench_compress.lab import unlabelled_texts
from workbench_compress.lab.data import gather
from workbench_compress.lab.splices import splices
from workbench_compress.lab.unlabelled_texts import augmented, made_texts


def rows(*texts):
    return [Utterance(f"row-{n}", text, text, None, split="train") for n, text in enumerate(texts)]


def made(texts, count=4):
    return list(splices(rows(*texts), count, random.Random))


def test_the_head_of_one_and_the_tail_of_another():
    texts = ["where is my card", "please send it back"]
    heads = {" ".join(text.split()[:n]) for text in texts for n in (1, 2, 3)}
    tails = {" ".join(text.split()[n:]) for text in texts for n in (1, 2, 3)}
    found = made(texts, count=200)
    assert len(found) == 400
    assert set(found) == {f"{head} {tail}" for head in heads for tail in tails}


def test_chinese_is_cut_between_characters_and_joined_without_spaces():
    found = made(["我的快递", "取消订单"], count=60)
    assert {"我消订单", "我的快单", "取消订递", "取的快递"} <= set(found)
    assert {letter for text in found for letter in text} == set("我的快递取消订单")


def test_a_row_of_one_word_brings_nothing():
    assert made(["hi", "好"]) == []
    assert not any("hi" in text for text in made(["hi", "where is it"]))


@pytest.fixture
def context(searching, tmp_path):
    return Context(searching.host, 13, tmp_path, dataset=searching.dataset)


def test_pruned_models_learn_from_three_of_each_row(searching, context):
    train, copies = searching.dataset.split("train"), augmented(searching.dataset, SearchOptions(), context)
    found = made_texts(searching.dataset, SearchOptions(), context)
    assert found[: len(copies)] == copies
    assert len(found) - len(copies) == 3 * len(train)
    assert made_texts(searching.dataset, SearchOptions(splices=0), context) == copies

    def count(options):
        return gather(searching.model, options, context, "--use onnx,int8").unlabelled_count

    assert count(SearchOptions()) > count(SearchOptions(splices=1)) > len(train)


def test_where_there_are_many_texts_fewer_are_made_evenly_of_all_rows(searching, context, monkeypatch):
    train, copies = searching.dataset.split("train"), augmented(searching.dataset, SearchOptions(), context)
    every = made_texts(searching.dataset, SearchOptions(), context)[len(copies) :]
    monkeypatch.setattr(unlabelled_texts, "ENOUGH", len(train) + len(copies) + 30)
    assert made_texts(searching.dataset, SearchOptions(), context)[len(copies) :] == unlabelled_texts.evenly(every, 30)
    assert len(made_texts(searching.dataset, SearchOptions(), context, given=20)) == len(copies) + 10
    assert made_texts(searching.dataset, SearchOptions(), context, given=99) == copies


def test_another_seed_makes_others(searching, context):
    options = SearchOptions(augment=())
    first, again, other = (
        made_texts(searching.dataset, options, dataclasses.replace(context, seed=seed)) for seed in (13, 13, 14)
    )
    assert first == again != other
