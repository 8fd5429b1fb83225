"""Taxonomies and nested choices: the intent is the last name of a path, or the whole path."""

from __future__ import annotations

import pytest

from tests.labelstudio.tasks import annotation, answer, reading, task
from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.report.markup import intent_label


@pytest.fixture
def read(host, context, tmp_path):
    return reading(host, context, tmp_path / "export.json")


def topic(*paths, by=1):
    return annotation(answer(list(paths), "主题", "taxonomy"), by=by)


TASKS = [
    task(1, topic(["订单", "物流", "延误"])),
    task(2, topic(["订单", "退款"])),
    task(3, topic(["账户"])),
    task(4, topic(["订单", "退款"]), topic(["订单", "退款"], by=2)),
]


def test_the_last_name_of_a_path_is_the_intent(read):
    dataset = read(TASKS)
    assert [row.intent for row in dataset] == ["延误", "退款", "账户", "退款"]
    assert dataset.intents == ("延误", "账户", "退款")
    assert dataset.provenance[0]["control"] == "主题"


def test_the_path_is_a_hierarchical_intent_also_once_saved(read, tmp_path):
    dataset = read(TASKS, taxonomy="path")
    assert [row.intent for row in dataset][:3] == [("订单", "物流", "延误"), ("订单", "退款"), ("账户",)]
    assert dataset.intents == (("订单", "物流", "延误"), ("订单", "退款"), ("账户",))
    dataset.save(tmp_path / "saved")
    assert Dataset.load(tmp_path / "saved") == dataset
    assert intent_label(dataset.intents[0]) == "订单 › 物流 › 延误"


def test_one_name_below_two_parents_is_refused_as_a_leaf_and_kept_apart_as_paths(read):
    tasks = [task(1, topic(["orders", "other"])), task(2, topic(["account", "other"]))]
    with pytest.raises(
        WorkbenchError, match="'other' is the last name of 2 paths of '主题': account / other, orders"
    ) as e:
        read(tasks)
    assert 'taxonomy = "path"' in str(e.value)
    assert read(tasks, taxonomy="path").intents == (("account", "other"), ("orders", "other"))


def test_blank_names_and_blank_paths_say_nothing(read):
    tasks = [
        task(1, topic([" a ", "\u200b", "b\u3000"])),
        task(2, topic([])),
        task(3, topic(["", " "])),
        task(4, topic(["a", "b"], ["a ", "b"])),
    ]
    dataset = read(tasks, taxonomy="path")
    assert [(row.id, row.intent) for row in dataset] == [("1", ("a", "b")), ("4", ("a", "b"))]
    assert dataset.counts["export.json"]["empty"] == 2


def test_a_path_that_is_a_bare_name_has_one_level(read):
    assert read([task(1, topic("a"))]).intents == ("a",)


def test_several_paths_are_several_choices(read):
    with pytest.raises(WorkbenchError, match="1 tasks have several choices for '主题': task 1"):
        read([task(1, topic(["a", "b"], ["c"]))])


def test_choices_that_are_nested_give_paths_too(read):
    tasks = [task(1, annotation(answer([["P", "C"]]))), task(2, annotation(answer([["Q"]])))]
    assert read(tasks).intents == ("C", "Q")
    assert read(tasks, taxonomy="path").intents == (("P", "C"), ("Q",))


def test_a_taxonomy_beside_choices_has_to_be_named(read):
    tasks = [task(1, annotation(answer("calm", "tone"), answer([["a", "b"]], "topic", "taxonomy")))]
    with pytest.raises(UsageProblem, match=r"has 2 controls that ask for labels: tone .*, topic"):
        read(tasks)
    assert read(tasks, control="topic").intents == ("b",)
    assert read(tasks, control="tone", taxonomy="path").intents == ("calm",)


def test_a_recipe_imports_hierarchical_intents(read, workbench, tmp_path):
    read([task(n, topic(["a", "b"] if n % 2 else ["a", "c"]), text=f"text {n}") for n in range(20)])
    done = workbench(
        "import", "--reader", "labelstudio-export", tmp_path / "export.json", "--taxonomy", "path",
        "--split", "train=0.8,dev=0.2", "-o", tmp_path / "data",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    dataset = Dataset.load(tmp_path / "data")
    assert dataset.intents == (("a", "b"), ("a", "c"))
    assert {row.split for row in dataset} == {"train", "dev"}
