"""`workbench review next` and `doubts` on datasets from files: which rows are chosen, and the file to work through."""

from __future__ import annotations

import csv
import json

import pytest

from tests.bundles import write_bundle
from workbench.nouns.dataset import Dataset

UNCERTAIN = {"refund parcel", "please"}  # both intents speak for them, or none
TEXTS = ["where is my parcel", "give me my money back", "我的快递到哪", "我要退款", "refund parcel", "please"]


@pytest.fixture
def dataset(workbench, tmp_path):
    """`dataset([(text, intent), …])`: a folder that was imported from a CSV file."""

    def make(rows, name="data"):
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "intent"), *rows])
        done = workbench("import", path, "--reader", "csv", "--split", "train", "-o", tmp_path / name)
        assert done.exit_code == 0, done.output
        return tmp_path / name

    return make


@pytest.fixture
def review(workbench):
    """`review(verb, *words)`: the outcome as JSON, or the message of a failure."""

    def call(verb, *words, code=0):
        done = workbench("review", verb, *words, "--json")
        assert done.exit_code == code, done.output
        return done.stderr if code else json.loads(done.stdout)

    return call


@pytest.fixture
def unlabelled(dataset):
    labelled = [("my parcel is late", "delivery"), ("money please", "退款")]
    return dataset([*((text, "") for text in TEXTS), *labelled])


def texts(outcome):
    return [row["text"] for row in outcome["rows"]]


def test_the_default_is_the_smallest_margin(review, bundle, unlabelled):
    outcome = review("next", bundle.path, unlabelled, "--size", 3)
    assert (outcome["by"], outcome["candidates"], len(outcome["rows"])) == ("uncertain", 6, 3)
    assert set(texts(outcome)[:2]) == UNCERTAIN
    assert outcome["rows"][0]["why"] == "margin 0.000"
    assert set(texts(outcome)) <= set(TEXTS)


def test_out_of_scope_is_what_excites_no_intent(review, bundle, unlabelled):
    assert texts(review("next", bundle.path, unlabelled, "--by", "out-of-scope", "--size", 1)) == ["please"]


def test_diverse_avoids_labelled_texts_and_takes_turns_between_kinds(review, bundle, dataset):
    candidates = ["parcel late", "late parcel", "where parcel late", "money refund", "refund money back"]
    labelled = [("parcel late where", "delivery"), ("please", "退款")]
    first = review("next", bundle.path, dataset([*((text, "") for text in candidates), *labelled]), "--by", "diverse")
    assert {"money", "refund"} & set(texts(first)[0].split())
    assert sorted(texts(first)) == sorted(candidates)
    assert "distance" in first["rows"][0]["why"]
    free = review("next", bundle.path, dataset([*((t, "") for t in candidates), ("my", "a"), ("me", "b")], "free"),
                  "--by", "diverse", "--size", 2)  # fmt: skip
    assert {"parcel" in text for text in texts(free)} == {True, False}


def test_every_choice_is_the_same_each_time(review, bundle, unlabelled):
    for by in ("uncertain", "diverse", "out-of-scope"):
        assert review("next", bundle.path, unlabelled, "--by", by) == review(
            "next", bundle.path, unlabelled, "--by", by
        )


def test_the_list_is_imported_again_under_the_same_ids_once_it_is_labelled(
    review, workbench, bundle, unlabelled, tmp_path
):
    out = tmp_path / "todo.csv"
    listed = review("next", bundle.path, unlabelled, "--size", 4, "-o", out)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["text"] for row in rows] == texts(listed)
    done = [{**row, "intent": "ab"[number % 2]} for number, row in enumerate(rows)]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(done[0]))
        writer.writeheader()
        writer.writerows(done)
    assert workbench("import", out, "--reader", "csv", "-o", tmp_path / "labelled").exit_code == 0
    before = {row.text: row.id for row in Dataset.load(unlabelled)}
    after = list(Dataset.load(tmp_path / "labelled"))
    assert {row.text: row.id for row in after} == {text: before[text] for text in texts(listed)}
    assert {row.intent for row in after} == {"a", "b"}


def test_people_see_the_reason_of_each_row(workbench, bundle, unlabelled):
    done = workbench("review", "next", bundle.path, unlabelled, "--size", 2)
    assert done.exit_code == 0
    assert "margin 0.000" in done.stdout
    assert "uncertain: 2 of 6 rows" in done.stderr


def noisy():
    """Twelve rows of each intent, of which one has the other's label."""
    delivery = [f"where is my parcel number {n}, it is late" for n in range(12)]
    refund = [f"give me a refund of order {n}, I want my money back" for n in range(12)]
    rows = [(text, "delivery") for text in delivery] + [(text, "退款") for text in refund]
    rows[3] = (rows[3][0], "退款")
    return rows, rows[3][0]


def test_doubts_come_from_a_probe_that_has_not_seen_the_text(review, bundle, dataset):
    rows, wrong = noisy()
    folder = dataset(rows)
    for words in ((), ("--model", bundle.path)):
        doubted = review("doubts", folder, *words, "--size", 3)
        assert texts(doubted)[0] == wrong
        assert doubted["rows"][0]["figure"] < 0.3
        assert doubted["rows"][0]["why"].endswith("out of fold")
        assert doubted["rows"][0]["intent"] == "退款"


def test_copies_of_a_text_do_not_vouch_for_each_other(review, dataset):
    rows, wrong = noisy()
    copies = [(f"{wrong}{'!' * n}", "退款") for n in range(3)]
    doubted = review("doubts", dataset([*rows, *copies]), "--size", 30)
    place = texts(doubted).index(wrong)
    assert place < 4


def test_an_intent_of_few_texts_is_judged_by_the_model_where_there_is_one(review, bundle, dataset):
    rows = [("where is my parcel", "delivery"), ("my money back", "delivery"), ("refund", "退款"), ("hi", "greeting")]
    folder = dataset(rows)
    assert review("doubts", folder)["rows"] == []
    doubted = review("doubts", folder, "--model", bundle.path)
    assert texts(doubted)[0] == "my money back"
    assert sorted(texts(doubted)) == ["my money back", "refund", "where is my parcel"]  # nobody can judge "greeting"
    assert doubted["rows"][0]["why"] == "delivery: probability 0.000 by the model"
    assert doubted["rows"][0]["predicted"] == "退款"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--by", "uncertian"), 2, "Did you mean 'uncertain'?"),
        (("--by", "doubtful"), 2, "Known: diverse, out-of-scope, uncertain"),
        (("--size", "0"), 2, "0 is not in the range"),
        (("-o", "list.txt"), 2, "is no .csv file"),
    ],
)
def test_bad_words_are_refused(review, bundle, unlabelled, words, code, message):
    assert message in review("next", bundle.path, unlabelled, *words, code=code)


def test_a_file_that_is_there_is_not_overwritten(review, bundle, unlabelled, tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    assert "exists already" in review("next", bundle.path, unlabelled, "-o", tmp_path / "mine.csv", code=1)
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_a_dataset_without_such_rows_is_refused(review, bundle, dataset):
    assert "has no unlabelled rows" in review("next", bundle.path, dataset([("a", "x"), ("b", "y")]), code=1)


def test_help_lists_what_is_registered(workbench):
    done = workbench("review", "next", "--help")
    assert "uncertain|diverse|out-of-scope" in done.output.replace("\n", "").replace(" ", "")


def test_a_third_partys_selector_is_offered(workbench_host, workbench_cli, bundle, unlabelled):
    from workbench.api import Selector, hookimpl
    from workbench.api.review import Selected

    class Longest:
        @hookimpl
        def selectors(self):
            return {"longest": Selector(run=choose, summary="the longest texts")}

    def choose(pool, size):
        rows = sorted(range(len(pool.rows)), key=lambda row: -len(pool.rows[row].text))
        return [Selected(row, len(pool.rows[row].text), "long") for row in rows[:size]]

    workbench_host.register(Longest(), "longest")
    done = workbench_cli("review", "next", bundle.path, unlabelled, "--by", "longest", "--size", 1, "--json")
    assert texts(json.loads(done.stdout)) == [max(TEXTS, key=len)]


def test_a_model_without_sentence_vectors_cannot_choose_diverse_texts(review, unlabelled, tmp_path):
    import onnx

    made = write_bundle(tmp_path / "bare")
    graph = onnx.load(made.path / "model.onnx")
    del graph.graph.output[1]
    onnx.save(graph, made.path / "model.onnx")
    made.save()
    assert "no sentence vectors" in review("next", made.path, unlabelled, "--by", "diverse", code=2)
