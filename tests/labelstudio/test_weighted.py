"""The policy `weighted`: by a table, or by what the annotations say of their annotators."""

from __future__ import annotations

import pytest

from tests.labelstudio.tasks import annotation, reading, task
from workbench.errors import UsageProblem


@pytest.fixture
def read(host, context, tmp_path):
    return reading(host, context, tmp_path / "export.json")


def said(number, **by):
    """A task, and who (`p1` …) says what of it."""
    return task(number, *(annotation(intent, by=int(person[1:])) for person, intent in by.items()))


def intents(dataset):
    return {row.id: row.intent for row in dataset}


def test_a_table_decides_against_the_majority(read):
    tasks = [said(1, p1="a", p2="b", p3="b")]
    assert intents(read(tasks, policy="majority")) == {"1": "b"}
    dataset = read(tasks, policy="weighted", weights={"1": 3})
    assert intents(dataset) == {"1": "a"}
    assert dataset.provenance[0]["weights"] == {"1": 3.0, "2": 1.0, "3": 1.0}


def test_a_table_names_annotators_by_email_where_the_export_does(read):
    person = {"id": 7, "email": "anna@example.com"}
    tasks = [
        task(1, annotation("a", by=person), annotation("b", by=2), annotation("b", by=3)),
        task(2, annotation("a", by=7), annotation("b", by=2), annotation("b", by=3)),
    ]
    assert intents(read(tasks, policy="weighted", weights={"anna@example.com": 2.5})) == {"1": "a", "2": "a"}


def test_equal_weights_on_two_sides_are_a_disagreement(read):
    tasks = [said(1, p1="a", p2="b", p3="b"), said(2, p1="c")]
    dataset = read(tasks, policy="weighted", weights={"1": 0.3, "2": 0.1, "3": 0.2})  # 0.1 + 0.2 > 0.3 as floats
    assert intents(dataset) == {"2": "c"}
    assert dataset.counts["export.json"]["disagreement"] == 1


def test_an_annotator_who_weighs_nothing_decides_nothing(read):
    tasks = [said(1, p1="a"), said(2, p2="b"), said(3, p1="a", p2="b")]
    assert intents(read(tasks, policy="weighted", weights={"1": 0})) == {"2": "b", "3": "b"}


def test_without_a_table_who_agrees_with_the_others_weighs_more(read):
    agreed = [said(n, p1="a", p2="a", p3="a", p4="z") for n in range(8)]
    dataset = read([*agreed, said(100, p1="b", p4="c"), said(101, p9="a")], policy="weighted")
    assert intents(dataset)["100"] == "b"
    # 1, 2 and 3 agree with the others on 8 tasks, 1 not on the ninth; 4 on none; 9 shares none
    assert dataset.provenance[0]["weights"] == {
        "1": round(9 / 11, 4),
        "2": 0.9,
        "3": 0.9,
        "4": round(1 / 11, 4),
        "9": 0.5,
    }


def test_where_the_others_are_divided_nobody_is_judged(read):
    dataset = read([said(1, p1="a", p2="b", p3="c"), said(2, p1="a", p2="a")], policy="weighted")
    assert dataset.provenance[0]["weights"] == {"1": 0.6667, "2": 0.6667, "3": 0.5}


def test_two_annotators_who_differ_weigh_the_same(read):
    assert intents(read([said(1, p1="a", p2="b"), said(2, p1="c", p2="c")], policy="weighted")) == {"2": "c"}


def test_unknown_annotators_weigh_a_half(read):
    tasks = [said(1, p1="a", p2="a"), task(2, annotation("b", by=None), annotation("a", by=1))]
    dataset = read(tasks, policy="weighted")
    assert intents(dataset) == {"1": "a"}  # on task 2 annotator 1 and the unknown one both weigh 1/2
    assert dataset.provenance[0]["weights"] == {"1": 0.5, "2": 0.6667}


def test_other_policies_say_nothing_of_weights(read):
    assert "weights" not in read([said(1, p1="a")]).provenance[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": {"1": 1}}, "weights are given, but the policy is ground-truth"),
        ({"policy": "weighted", "weights": {"anna": 1}}, "unknown annotator 'anna'.*Known: 1, 2"),
        ({"policy": "weighted", "weights": {"1": -1}}, "1 weighs -1"),
    ],
)
def test_bad_weights(read, options, words):
    with pytest.raises(UsageProblem, match=words):
        read([said(1, p1="a", p2="b")], **options)


def test_the_command_line_takes_a_table(read, workbench, tmp_path):
    read([said(n, p1="ab"[n % 2], p2="c", p3="c") | {"data": {"text": f"text {n}"}} for n in range(6)], policy="latest")
    done = workbench(
        "import", "--reader", "labelstudio-export", tmp_path / "export.json", "--policy", "weighted",
        "--weights", "1=5,2=0.5", "--split", "train", "-o", tmp_path / "data", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert '"a"' in done.stdout
    assert '"c"' not in done.stdout
