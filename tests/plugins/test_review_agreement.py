"""`workbench review agreement` on a file of votes: figures that are right, words where there is no figure."""

from __future__ import annotations

import csv
import json
import random

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

ALONE = "only one annotator has labelled: there is nobody to compare with"
APART = "no task has the labels of two annotators"
CONSTANT = "all labels are the same, so chance alone explains them"


@pytest.fixture
def measure(workbench, tmp_path):
    """What the verb says of votes, as JSON."""

    def measure(tasks, *arguments):
        write(tmp_path / "votes.csv", tasks)
        done = workbench("review", "agreement", tmp_path / "votes.csv", "--json", *arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return measure


def write(path, tasks):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("task", "text", "annotator", "intent"), *(row for task in tasks for row in task)])


def said(number, *intents, text="where is my parcel"):
    """What the annotators 1, 2 … say of a task; None = nothing."""
    return [(number, text, by, intent) for by, intent in enumerate(intents, 1) if intent is not None]


def many(seed, tasks=120, people=4, intents="abcde"):
    stream = random.Random(seed)
    made = []
    for _ in range(tasks):
        true = stream.choice(intents)
        votes = [stream.choice([true, true, stream.choice(intents)]) for _ in range(people)]
        made.append([vote if stream.random() < 0.6 else None for vote in votes])
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_figures_are_those_of_the_libraries(measure, seed):
    votes = many(seed)
    report = measure([said(number, *row) for number, row in enumerate(votes)])
    codes = np.array([[np.nan if vote is None else "abcde".index(vote) for vote in row] for row in votes]).T
    assert report["alpha"] == pytest.approx(krippendorff.alpha(codes, level_of_measurement="nominal"))
    for one in report["intents"]:
        rest = np.where(np.isnan(codes), np.nan, codes == "abcde".index(one["intent"]))
        assert one["alpha"] == pytest.approx(krippendorff.alpha(rest, level_of_measurement="nominal"))
    assert {one["intent"] for one in report["intents"]} == set("abcde")
    for pair in report["pairs"]:
        first, second = (codes[int(person) - 1] for person in pair["annotators"])
        both = ~np.isnan(first) & ~np.isnan(second)
        assert pair["tasks"] == both.sum()
        assert pair["agreed"] == (first == second)[both].sum()
        assert pair["kappa"] == pytest.approx(cohen_kappa_score(first[both], second[both]))
    assert len(report["pairs"]) == 6
    shared = [{vote for vote in row if vote} for row in votes if sum(vote is not None for vote in row) > 1]
    assert (report["shared"], report["agreed"]) == (len(shared), sum(len(kinds) == 1 for kinds in shared))
    assert len(report["disagreements"]) == report["shared"] - report["agreed"]


def test_a_hand_reckoned_case(measure):
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", B: two observers, nominal, alpha = 0.692."""
    pairs = zip("aabbdcccedda", "babbbccceddd", strict=True)
    report = measure([said(number, *pair) for number, pair in enumerate(pairs)])
    assert report["alpha"] == pytest.approx(0.692, abs=5e-4)
    assert report["agreement"] == 9 / 12


def test_per_intent_tasks_and_agreement_are_counted(measure):
    report = measure([said(1, "a", "a"), said(2, "a", "b"), said(3, "b", "b"), said(4, "c", None)])
    counted = {one["intent"]: (one["tasks"], one["agreed"]) for one in report["intents"]}
    assert counted == {"a": (2, 1), "b": (2, 1)}
    assert (report["tasks"], report["annotators"]) == (4, {"1": 4, "2": 3})


def test_one_annotator_alone(measure, workbench, tmp_path):
    report = measure([said(1, "a"), said(2, "b")])
    assert (report["alpha"], report["agreement"], report["note"], report["pairs"]) == (None, None, ALONE, [])
    assert ALONE in workbench("review", "agreement", tmp_path / "votes.csv").output


def test_annotators_who_never_meet(measure, workbench, tmp_path):
    report = measure([said(1, "a", None, None), said(2, None, "b", None), said(3, None, None, "a")])
    assert (report["alpha"], report["note"]) == (None, APART)
    assert [(pair["tasks"], pair["kappa"], pair["note"]) for pair in report["pairs"]] == [(0, None, APART)] * 3
    assert APART in workbench("review", "agreement", tmp_path / "votes.csv").output.replace("\n", " ")


def test_constant_answers(measure, workbench, tmp_path):
    report = measure([said(n, "a", "a") for n in range(4)])
    assert (report["alpha"], report["note"], report["agreement"]) == (None, CONSTANT, 1.0)
    assert (report["pairs"][0]["kappa"], report["pairs"][0]["note"]) == (None, CONSTANT)
    assert (report["intents"][0]["alpha"], report["intents"][0]["note"]) == (None, CONSTANT)
    words = workbench("review", "agreement", tmp_path / "votes.csv").output
    assert CONSTANT in words.replace("\n", " ")
    assert "nan" not in words


def test_annotators_who_are_constant_each_in_their_own_way(measure):
    report = measure([said(n, "a", "b") for n in range(4)])
    assert report["pairs"][0]["kappa"] == 0
    assert report["alpha"] < 0


def test_each_disagreement_has_its_votes_and_what_the_policy_makes_of_them(measure):
    tasks = [said(7, "退款", "a", "a"), said(8, "a", "a"), said(9, None, "a", "b", text="你好")]
    report = measure(tasks, "--policy", "majority")
    disputes, shown = report["disagreements"], ("task", "text", "intents", "reason")
    assert report["policy"] == "majority"
    assert [tuple(one[name] for name in shown) for one in disputes] == [
        ("7", "where is my parcel", ["a"], None),
        ("9", "你好", None, "disagreement"),
    ]
    votes = [[(vote["annotator"], vote["intents"]) for vote in one["votes"]] for one in disputes]
    assert votes == [[("1", ["退款"]), ("2", ["a"]), ("3", ["a"])], [("2", ["a"]), ("3", ["b"])]]


def test_out_of_scope_and_blank_votes(measure):
    report = measure([said(1, "a", ""), said(2, "a", "a"), said(3, "", "")])
    assert (report["tasks"], report["shared"], report["agreed"]) == (2, 1, 1)


def test_votes_without_an_annotator_are_counted_and_left_out(measure):
    tasks = [[(1, "x", "", "a"), (1, "x", "", "b"), (1, "x", "1", "a")]]
    report = measure(tasks)
    assert (report["anonymous"], report["shared"], report["note"]) == (2, 0, ALONE)


def test_another_reader_brings_the_votes(workbench, tmp_path):
    from tests.labelstudio.tasks import annotation, task

    export = [task(1, annotation("a"), annotation("b", by=2)), task(2, annotation("b"), annotation("b", by=2))]
    (tmp_path / "export.json").write_text(json.dumps(export))
    words = ("review", "agreement", tmp_path / "export.json", "--reader", "labelstudio-export", "--json")
    report = json.loads(workbench(*words).stdout)
    assert (report["shared"], report["agreed"]) == (2, 1)
    assert report["policy"] == "ground-truth"


def test_a_reader_without_votes_is_refused_and_not_listed(workbench, tmp_path):
    done = workbench("review", "agreement", tmp_path / "x.csv", "--reader", "csv")
    assert done.exit_code == 2
    assert "Known: labelstudio, labelstudio-export, votes" in done.output
    assert "parquet" not in workbench("review", "agreement", "--help").output


def test_a_third_partys_agreement_is_asked(workbench_host, tmp_path):
    from workbench.api import Agreement, hookimpl
    from workbench.api.review import Summary, Votes

    class Mine:
        @hookimpl
        def agreements(self):
            return {"mine": Agreement(run=lambda votes, host: Summary(("fine",)), summary="always fine")}

    workbench_host.register(Mine(), "mine")
    registry = workbench_host.registry("agreements")
    assert registry["mine"](Votes([]), workbench_host).words == ("fine",)
    assert registry.default != "mine"
