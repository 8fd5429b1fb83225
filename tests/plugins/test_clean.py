"""The cleaners, as a recipe uses them."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import Counter

import pytest

from workbench.context import Context
from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import SPLITS, Utterance
from workbench.options import parse_options
from workbench.text.normalization import text_key


@pytest.fixture
def clean(host, context, tmp_path):
    """`clean(name, rows, option=value)`: the dataset that the cleaner makes of the rows."""

    def run(name: str, rows, **options) -> Dataset:
        dataset = rows if isinstance(rows, Dataset) else Dataset("intent", ("a", "b", "c"), tuple(rows))
        cleaner = host.registry("cleaners")[name]
        return cleaner(dataset, tmp_path / "out", parse_options(cleaner.options, options, name), context)

    return run


def row(id: str, text: str, *intents: str, split: str = "train", **fields) -> Utterance:
    return Utterance(id, text, text, intents or ("a",), split=split, **fields)


def unlabelled(id: str, text: str, split: str = "train") -> Utterance:
    return Utterance(id, text, text, None, split=split)


def ids(dataset: Dataset) -> list[str]:
    return [row.id for row in dataset]


def test_the_cleaners_are_offered_by_their_plugin(host):
    cleaners = host.registry("cleaners")
    assert {name for name, owner in cleaners.owners.items() if owner == "workbench_clean"} == {
        "repair",
        "exact-duplicates",
        "conflicts",
    }


# repair


def test_repair_mends_every_split_and_keeps_the_raw_text(clean):
    raw = "<p>I donâ€™t&nbsp;know</p>"
    done = clean("repair", [row(split, raw, split=split) for split in SPLITS])
    assert [(row.split, row.text, row.raw) for row in done] == [(split, "I don't know", raw) for split in SPLITS]


def test_repair_counts_what_changed_and_names_the_normalisation(clean):
    done = clean("repair", [row("1", "fine"), row("2", " not  fine"), row("3", "退款１２３", split="dev")])
    assert done.counts == {"repair": {"changed": 2}}
    assert done.normalization == ("repair-1",)


def test_repair_of_the_repaired_changes_nothing(clean):
    once = clean("repair", [row("1", "&amp;lt;3 <b>it</b>"), row("2", "ＶＩＰ")])
    twice = clean("repair", dataclasses.replace(once, counts={}))
    assert twice.utterances == once.utterances
    assert twice.counts == {"repair": {"changed": 0}}


def test_a_blank_row_of_train_leaves(clean):
    done = clean("repair", [row("1", "<br>"), row("2", "\u200b"), row("3", "refund")])
    assert ids(done) == ["3"]
    assert done.counts == {"repair": {"changed": 2, "blank": 2}}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_blank_held_out_row_is_refused_by_name(clean, split):
    with pytest.raises(WorkbenchError, match=r"^task-7: the text is blank .* \(1 in all\)\. .* blank = \"drop\""):
        clean("repair", [row("1", "refund"), row("task-7", "<br>", split=split)])


def test_blank_held_out_rows_are_kept_or_dropped_when_that_is_asked_for(clean):
    rows = [row("1", "refund"), row("2", "<br>"), row("3", "<br>", split="dev")]
    assert ids(clean("repair", rows, blank="keep")) == ["1", "3"]
    dropped = clean("repair", rows, blank="drop")
    assert ids(dropped) == ["1"]
    assert dropped.counts["repair"]["blank"] == 2


# exact-duplicates


def test_of_duplicates_in_train_the_first_stays(clean):
    done = clean(
        "exact-duplicates",
        [row("1", "Refund please"), row("2", "other"), row("3", "refund  PLEASE"), row("4", "ｒｅｆｕｎｄ please")],
    )
    assert ids(done) == ["1", "2"]
    assert done.counts == {"exact-duplicates": {"duplicate": 2}}


def test_a_text_with_other_intents_is_no_duplicate(clean):
    rows = [row("1", "refund", "a"), row("2", "refund", "b"), unlabelled("3", "refund"), unlabelled("4", "refund")]
    assert ids(clean("exact-duplicates", rows)) == ["1", "2", "3"]


def test_several_intents_count_in_any_order(clean):
    rows = [row("1", "x", "a", "b"), row("2", "x", "b", "a"), row("3", "x", "a")]
    assert ids(clean("exact-duplicates", rows)) == ["1", "3"]


def test_out_of_scope_is_a_label_of_its_own(clean):
    oos = [dataclasses.replace(unlabelled(id, "hello"), intents=()) for id in ("1", "2")]
    assert ids(clean("exact-duplicates", [*oos, unlabelled("3", "hello")])) == ["1", "3"]


def test_two_translations_of_a_text_are_no_duplicates(clean):
    targets = {"1": "你好", "2": "嗨", "3": "嗨"}
    rows = [dataclasses.replace(unlabelled(id, "hi"), target=target) for id, target in targets.items()]
    assert ids(clean("exact-duplicates", Dataset("translation", (), tuple(rows)))) == ["1", "2"]


def test_a_text_of_dev_or_test_leaves_train_whatever_its_intents(clean):
    rows = [
        row("1", "refund", "b"),
        row("2", "Parcel?"),
        row("3", "refund", split="dev"),
        row("4", "parcel?", split="test"),
        unlabelled("5", "parcel?"),
        row("6", "card"),
        row("7", "card"),
    ]
    done = clean("exact-duplicates", rows)
    assert ids(done) == ["3", "4", "6"]
    assert done.counts == {"exact-duplicates": {"also in dev or test": 3, "duplicate": 1}}


def test_held_out_duplicates_stay(clean):
    rows = [row(str(n), "refund", split=split) for n, split in enumerate(["dev", "dev", "test", "test"])]
    done = clean("exact-duplicates", rows)
    assert ids(done) == ["0", "1", "2", "3"]


# conflicts

CONFLICT = [
    row("1", "Refund", "a"),
    row("2", "card", "a"),
    row("3", "refund", "b"),
    row("4", "refund ", "a", split="dev"),
    unlabelled("5", "refund"),
]


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "conflicts.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_conflict_is_reported_with_its_rows(clean, tmp_path):
    clean("conflicts", CONFLICT)
    assert lines(tmp_path / "out") == [
        {
            "text": "Refund",
            "rows": [
                {"id": "1", "split": "train", "intents": ["a"]},
                {"id": "3", "split": "train", "intents": ["b"]},
                {"id": "4", "split": "dev", "intents": ["a"]},
            ],
        }
    ]


def test_a_conflict_leaves_train_and_stays_where_it_is_held_out(clean):
    done = clean("conflicts", CONFLICT)
    assert ids(done) == ["2", "4", "5"]
    assert done.counts == {"conflicts": {"conflicting": 2, "conflicting, kept": 1}}


def test_keep_reports_and_removes_nothing(clean, tmp_path):
    done = clean("conflicts", CONFLICT, policy="keep")
    assert done.utterances == tuple(CONFLICT)
    assert done.counts == {"conflicts": {"conflicting, kept": 3}}
    assert len(lines(tmp_path / "out")) == 1


def test_refuse_names_the_rows_and_leaves_nothing_behind(clean, tmp_path):
    with pytest.raises(WorkbenchError, match=r"^1, 3, 4: the same text has .* \(1 in all, the first is 'Refund'\)"):
        clean("conflicts", CONFLICT, policy="refuse")
    assert not (tmp_path / "out").exists()


def test_refuse_names_only_the_first_of_many(clean):
    rows = [row(f"{n}{intent}", f"text {n}", intent) for n in range(9) for intent in "ab"]
    with pytest.raises(WorkbenchError, match=r"^0a, 0b; 1a, 1b; 2a, 2b: the same .* \(9 in all"):
        clean("conflicts", rows, policy="refuse")


def test_without_a_conflict_all_stays_and_the_report_is_empty(clean, tmp_path, small_dataset):
    for policy in ("drop", "keep", "refuse"):
        done = clean("conflicts", small_dataset, policy=policy)
        assert done.utterances == small_dataset.utterances
    assert lines(tmp_path / "out") == []


def test_the_order_of_several_intents_is_no_conflict_but_one_more_is(clean):
    rows = [row("1", "x", "a", "b"), row("2", "x", "b", "a"), row("3", "y", "a"), row("4", "y", "a", "b")]
    assert ids(clean("conflicts", rows)) == ["1", "2"]


def test_out_of_scope_conflicts_with_an_intent(clean):
    out_of_scope = dataclasses.replace(unlabelled("1", "hello"), intents=())
    assert ids(clean("conflicts", [out_of_scope, row("2", "hello")])) == []


def test_a_misspelt_policy_is_refused(clean):
    with pytest.raises(UsageProblem, match="Did you mean 'refuse'"):
        clean("conflicts", CONFLICT, policy="refuze")


# all three, on a project as it is lived in


@pytest.fixture(scope="module")
def banking77(host, shared, tmp_path_factory):
    reader, work = host.registry("readers")["labelstudio-export"], tmp_path_factory.mktemp("work")
    options = parse_options(reader.options, {"control": "intent"}, "import")
    context = Context(host=host, seed=13, work=work)
    dataset = reader(str(shared / "label-studio/banking77.json.gz"), work, options, context)
    return dataclasses.replace(dataset.with_rows(dataclasses.replace(row, split="train") for row in dataset), counts={})


@pytest.fixture(scope="module")
def planted(shared):
    return json.loads((shared / "label-studio/banking77.manifest.json").read_text())


def test_planted_noise_is_repaired(clean, banking77, planted, shared):
    with (shared / "banking77/train.csv").open(encoding="utf-8", newline="") as file:
        known = {text: " ".join(text.split()) for text in (line["text"] for line in csv.DictReader(file))}
    noisy = {row.id for row in banking77 if row.text not in known}
    assert len(noisy) == planted["noisy_text"]
    repaired = {row.id: row.text for row in clean("repair", banking77)}
    still = {repaired[id] for id in noisy} - set(known.values())
    assert len(still) == 11
    assert all(text.endswith(("!!!!!", "😡")) for text in still), "what stays is how a customer shouts"


def test_planted_duplicates_and_conflicts_are_accounted_for(clean, banking77, planted, tmp_path):
    untidy = Counter((text_key(row.text), row.intents) for row in banking77)
    twice_in_banking77_itself = 4  # but for white space
    done = clean("conflicts", clean("exact-duplicates", clean("repair", banking77)))
    assert done.counts["exact-duplicates"] == {"duplicate": planted["duplicate_same"] + twice_in_banking77_itself}
    assert done.counts["exact-duplicates"]["duplicate"] == sum(untidy.values()) - len(untidy)
    assert done.counts["conflicts"] == {"conflicting": 2 * planted["duplicate_conflict"]}
    assert len(lines(tmp_path / "out")) == planted["duplicate_conflict"]
    assert len(done) == len(banking77) - 97 - 54
    assert len({text_key(row.text) for row in done}) == len(done)
