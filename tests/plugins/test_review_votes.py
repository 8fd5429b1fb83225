"""The reader `votes`: a file of votes becomes a dataset, by one of the policies."""

from __future__ import annotations

import pytest

from workbench.nouns.dataset import Dataset

CROWDKIT = pytest.mark.filterwarnings("ignore::pandas.errors.PandasChangeWarning")  # crowd-kit 1.4 beside pandas 3
HEADER = ("task", "text", "annotator", "intent")


@pytest.fixture
def read(workbench, tmp_path):
    """`read(rows, *words)`: id -> intents of the dataset, with its counts; with `fails` the message."""

    def call(rows, *words, fails=False, header=HEADER):
        lines = [",".join(map(str, row)) for row in [header, *rows]]
        (tmp_path / "votes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        out = tmp_path / f"data{len(list(tmp_path.iterdir()))}"
        done = workbench("import", tmp_path / "votes.csv", "--reader", "votes", *words, "--split", "train", "-o", out)
        assert (done.exit_code != 0) == fails, done.output
        if fails:
            return done.output
        dataset = Dataset.load(out)
        return {row.id: row.intents for row in dataset}, dataset.counts["votes.csv"]

    return call


def votes(number, *intents, text="hi"):
    return [(number, f"{text} {number}", by, intent) for by, intent in enumerate(intents, 1)]


OTHERS = [*votes(98, "a"), *votes(99, "b")]  # a dataset has at least two intents


def test_the_majority_wins_and_a_tie_is_counted(read):
    rows = [*votes(1, "a", "a", "b"), *votes(2, "a", "b"), *votes(3, "", ""), *OTHERS]
    intents, counts = read(rows)
    assert intents == {"1": ("a",), "98": ("a",), "99": ("b",)}
    assert (counts["tasks"], counts["kept"], counts["disagreement"], counts["empty"]) == (5, 3, 1, 1)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("ground-truth", "b"), ("majority", "a"), ("latest", "c"), ("weighted", "d")],
)
def test_policies_differ_where_annotators_do(read, policy, expected):
    header = (*HEADER, "time", "weight", "ground_truth")
    made = [("a", 1, 1, ""), ("a", 2, 1, ""), ("b", 3, 1, "yes"), ("c", 9, 1, ""), ("d", 4, 5, "")]
    rows = [(1, "hi", by, i, f"2026-01-0{day}", w, gt) for by, (i, day, w, gt) in enumerate(made)]
    more = [(98, "x", 1, "a", "2026-01-01", "", ""), (99, "y", 1, "b", "2026-01-01", "", "")]
    assert read([*rows, *more], "--policy", policy, header=header)[0]["1"] == (expected,)


def test_a_weight_counts_for_its_votes_and_for_those_of_its_annotator_without_one(read):
    rows = [
        *[(1, "hi", 1, "a", ""), (1, "hi", 2, "b", ""), (1, "hi", 3, "b", "")],
        *[(2, "ho", 1, "b", 3), (2, "ho", 2, "a", ""), (2, "ho", 3, "a", "")],
        *[(3, "he", "", "a", 0), (3, "he", "", "b", 5), (3, "he", "", "a", "")],  # anonymous: each by itself
    ]
    found, _ = read(rows, "--policy", "weighted", header=(*HEADER, "weight"))
    assert found == {"1": ("a",), "2": ("b",), "3": ("b",)}


@CROWDKIT
def test_dawid_skene_takes_anonymous_votes_for_those_of_many(read):
    known = [row for n in range(12) for row in votes(n, "ab"[n % 2], "ab"[n % 2])]
    wrong = [
        (n, f"hi {n}", "", "ba"[n % 2]) for n in range(12)
    ]  # one annotator who did so would vouch for the opposite
    found, _ = read([*known, *wrong, (50, "hi 50", "", "a")], "--policy", "dawid-skene")
    assert found["50"] == ("a",)


@CROWDKIT
def test_dawid_skene_follows_the_annotators_who_are_right_elsewhere(read):
    agreed = [row for n in range(20) for row in votes(n, "ab"[n % 2], "ab"[n % 2], "ba"[n % 2], "ba"[n // 2 % 2])]
    rows = [*agreed, *votes(50, "a", "a", "b", "b"), *votes(51, "b", "b", "a", "a")]
    assert "50" not in read(rows, "--policy", "majority")[0]
    found, _ = read(rows, "--policy", "dawid-skene")
    assert (found["50"], found["51"]) == (("a",), ("b",))


@CROWDKIT
def test_dawid_skene_counts_ties_and_empty_votes(read):
    rows = [*votes(1, "a", "b"), *votes(2, "", ""), *votes(3, "a", "a"), *votes(4, "b", "b")]
    found, counts = read(rows, "--policy", "dawid-skene")
    assert found == {"3": ("a",), "4": ("b",)}
    assert (counts["disagreement"], counts["empty"]) == (1, 1)


def test_the_votes_on_a_row_are_counted(workbench, tmp_path):
    lines = [HEADER, *votes("一", "退款", "退款"), *OTHERS]
    (tmp_path / "votes.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
    words = ("import", tmp_path / "votes.csv", "--reader", "votes", "--split", "train", "-o", tmp_path / "data")
    assert workbench(*words).exit_code == 0
    (row,) = (row for row in Dataset.load(tmp_path / "data") if row.id == "一")
    assert (row.text, row.intents) == ("hi 一", ("退款",))
    assert row.meta == {"annotations": 2, "annotators": 2, "agreement": 1.0}


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        ([(1, "hi", 1)], HEADER, "line 2: has 3 cells, the first line has 4"),
        ([(1, "hi", "a")], ("task", "text", "intent"), "votes.csv: has no column annotator. Name the columns"),
        ([("", "hi", 1, "a")], HEADER, "line 2: has no task"),
        ([(1, "hi", 1, "a"), (1, "ho", 2, "a")], HEADER, "line 3: task 1 has another text than before"),
        ([(1, "hi", 1, "a", "much")], (*HEADER, "weight"), "line 2: the weight 'much' is no number"),
        ([(1, "hi", 1, "a", "nan")], (*HEADER, "weight"), "line 2: the weight is nan. Give a number from 0 on"),
        ([(1, "hi", 1, "a", "inf")], (*HEADER, "weight"), "line 2: the weight is inf"),
        ([(1, "hi", 1, "a", "-1")], (*HEADER, "weight"), "line 2: the weight is -1"),
        (
            [(1, "hi", 7, "a", 2), (2, "ho", 7, "a", 3)],
            (*HEADER, "weight"),
            "line 3: annotator 7 weighs 3, and 2 before",
        ),
        ([(1, "hi", 1, "")], HEADER, "no text has an intent"),
        ([(1, '"hi', 1, "a")], HEADER, "the record cannot be read"),
    ],
)
def test_bad_files_are_told_by_their_line(read, rows, header, words):
    assert words in read(rows, header=header, fails=True)


def test_latest_needs_times(read):
    message = read([(1, "hi", 1, "a", "yesterday")], "--policy", "latest", fails=True, header=(*HEADER, "time"))
    assert "task 1: has an annotation without a readable time" in message


def test_an_unknown_policy_is_refused_on_the_command_line_and_in_a_recipe(read, workbench, tmp_path):
    assert "Did you mean 'majority'?" in read(OTHERS, "--policy", "majorty", fails=True)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        '[[import]]\nreader = "votes"\nsource = "votes.csv"\npolicy = "majorty"\n[train]\nuse = "names"\n'
    )
    done = workbench("run", recipe, "-o", tmp_path / "run")
    assert done.exit_code == 2
    assert "Did you mean 'majority'?" in done.output
    assert "policy" in done.output


def test_a_third_partys_policy_is_offered(workbench_host, workbench_cli, tmp_path):
    from workbench.api import Consolidation, hookimpl
    from workbench.api.review import Consolidated, Outcome

    class First:
        @hookimpl
        def consolidations(self):
            return {"first": Consolidation(run=first, summary="the first vote")}

    def first(ballots):
        return Consolidated([Outcome(ballot.votes[0].intents) for ballot in ballots])

    workbench_host.register(First(), "first")
    rows = [HEADER, *votes(1, "c", "a", "a"), *OTHERS]
    (tmp_path / "votes.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    words = ("import", tmp_path / "votes.csv", "--reader", "votes", "--policy", "first", "--split", "train")
    assert workbench_cli(*words, "-o", tmp_path / "data").exit_code == 0
    assert {row.id: row.intents for row in Dataset.load(tmp_path / "data")}["1"] == ("c",)
