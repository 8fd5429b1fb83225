"""Annotations of several intents on a dataset of one intent each: refused, the first, or one utterance each."""

from __future__ import annotations

import pytest

from tests.labelstudio.tasks import annotation, answer, reading, task
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import assign_splits


@pytest.fixture
def read(host, context, tmp_path):
    return reading(host, context, tmp_path / "export.json")


def both(*intents, by=1, **more):
    return annotation(answer(list(intents)), by=by, **more)


def rows(dataset):
    return [(row.id, row.intent, row.group) for row in dataset]


TASKS = [task(1, both("b", "a")), task(2, both("a")), task(3, both("c", "b"), both("b", "c", by=2))]


def test_the_first_alone_counts(read):
    dataset = read([TASKS[0], TASKS[1]], several="first")
    assert rows(dataset) == [("1", "b", None), ("2", "a", None)]
    assert dataset.counts["export.json"] == {
        "tasks": 2,
        "kept": 2,
        "blank": 0,
        "unlabelled": 0,
        "skipped": 0,
        "empty": 0,
        "disagreement": 0,
        "first of several": 1,
    }


def test_firsts_that_differ_are_a_disagreement(read):
    dataset = read(TASKS, several="first")
    assert [row.id for row in dataset] == ["1", "2"]
    assert dataset.counts["export.json"]["disagreement"] == 1
    assert dataset.counts["export.json"]["first of several"] == 1


def test_each_intent_makes_an_utterance_of_the_group_of_its_task(read):
    dataset = read(TASKS, several="explode")
    assert rows(dataset) == [
        ("1#1", "b", "task 1"),
        ("1#2", "a", "task 1"),
        ("2", "a", None),
        ("3#1", "c", "task 3"),
        ("3#2", "b", "task 3"),
    ]
    assert {row.text for row in dataset} == {"where is my parcel"}
    counts = dataset.counts["export.json"]
    assert (counts["tasks"], counts["kept"], counts["exploded"], counts["utterances"]) == (3, 3, 2, 5)
    assert [row.meta["agreement"] for row in dataset] == [1.0] * 5


def test_the_group_of_a_task_stays(read):
    tasks = [task(1, both("a", "b"), meta={"customer": "王"}), task(2, both("a"), meta={"customer": "王"})]
    assert {row.group for row in read(tasks, several="explode", group_key="customer")} == {"王"}


def test_the_utterances_of_a_task_never_stand_in_two_splits(read):
    tasks = [task(n, both("a", "b", "c"), text=f"text {n}") for n in range(40)]
    dataset = read(tasks, several="explode")
    shares = [{"train": 0.5, "dev": 0.5}] * len(dataset)
    split = {}
    for row in assign_splits(dataset.utterances, shares, 13, {}):
        split.setdefault(row.id.partition("#")[0], set()).add(row.split)
    assert all(len(found) == 1 for found in split.values())
    assert {name for found in split.values() for name in found} == {"train", "dev"}


@pytest.mark.parametrize("policy", ["majority", "weighted"])
def test_each_intent_is_voted_on_by_itself(read, policy):
    three = task(1, both("a", "b"), both("a", by=2), both("a", "b", "c", by=3))
    weights = {"weights": {"1": 1.0}} if policy == "weighted" else {}
    dataset = read([three, task(2, both("a"))], several="explode", policy=policy, **weights)
    assert rows(dataset)[:2] == [("1#1", "a", "task 1"), ("1#2", "b", "task 1")]
    assert [row.meta["agreement"] for row in dataset][:2] == [1.0, 0.6667]


def test_what_half_of_the_votes_give_is_not_enough(read):
    dataset = read(
        [task(1, both("a", "b"), both("a", by=2)), task(2, both("c", "d"), both("e", by=2))], several="explode"
    )
    assert rows(dataset) == [("1", "a", None)]
    assert dataset.counts["export.json"]["disagreement"] == 1


def test_ground_truth_and_latest_take_all_that_their_annotation_says(read):
    tasks = [
        task(
            1,
            both("a", "b", ground_truth=True),
            both("c", by=2, updated_at="2026-12-01T00:00:00Z"),
            both("c", "d", by=3, updated_at="2026-12-02T00:00:00Z"),
        )
    ]
    assert [row.intent for row in read(tasks, several="explode")] == ["a", "b"]
    assert [row.intent for row in read(tasks, several="explode", policy="latest")] == ["c", "d"]


def test_a_task_that_gains_an_intent_keeps_its_split(read, workbench, tmp_path):
    def imported(tasks, name):
        read_once = tmp_path / f"{name}.json"
        (tmp_path / "export.json").rename(read_once)
        options = ["--several", "explode", "--split", "train=0.5,dev=0.5", "--rare", "train", "-o", tmp_path / name]
        again = ["--splits-of", tmp_path / "before"] if name == "after" else []
        done = workbench("import", "--reader", "labelstudio-export", read_once, *options, *again)
        assert done.exit_code == 0, done.output
        return {row.id: row.split for row in Dataset.load(tmp_path / name)}

    tasks = [task(n, both("ab"[n % 2]), text=f"text {n}") for n in range(20)]
    read(tasks)
    before = imported(tasks, "before")
    more = [task(n, both("a", "b"), text=f"text {n}") for n in range(20)]
    read(more, several="explode")
    after = imported(more, "after")
    assert set(before.values()) == {"train", "dev"}
    assert after == {f"{number}#{n}": split for number, split in before.items() for n in (1, 2)}
