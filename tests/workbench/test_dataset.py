"""Utterances and datasets on disk."""

from __future__ import annotations

import dataclasses
import json

import pytest

from workbench.errors import WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

ROWS = (
    Utterance("1", "where is it", "Where is  it", ("delivery",), split="train", group="call-1", language="en"),
    Utterance("2", "多少钱", "多少钱", ("售前",), split="dev", meta={"parent": "1"}, origin="augment:x"),
    Utterance("3", "weather?", "weather?", (), split="train"),
    Utterance("4", "hm", "hm", None, split="train"),
    Utterance("5", "deep", "deep", (("root", "leaf"), "delivery"), split="test"),
)
DATASET = Dataset(
    "intents",
    ("delivery", "售前", ("root", "leaf")),
    ROWS,
    {"x.json": {"kept": 5}},
    ({"source": "x.json"},),
    ("repair-1",),
)


def test_a_dataset_comes_back_as_it_was_saved(tmp_path):
    DATASET.save(tmp_path / "data")
    assert Dataset.load(tmp_path / "data") == DATASET


def test_the_datasets_library_reads_it_too(tmp_path):
    datasets = pytest.importorskip("datasets")
    DATASET.with_rows(ROWS[:2]).save(tmp_path / "data")
    rows = datasets.load_dataset(
        "json", data_files=str(tmp_path / "data/utterances.jsonl"), cache_dir=str(tmp_path / "cache")
    )
    assert rows["train"]["text"] == ["where is it", "多少钱"]


def test_removed_rows_are_counted_by_reason():
    cleaned = DATASET.without({"1": "twin", "4": "twin", "3": "blank"}, "sweep")
    assert [row.id for row in cleaned] == ["2", "5"]
    assert cleaned.counts["sweep"] == {"twin": 2, "blank": 1}
    assert cleaned.counts["x.json"] == {"kept": 5}


@pytest.mark.parametrize(
    "harm", ["rows cut", "rows gone", "no about", "cut about", "newer", "empty about", "list about"]
)
def test_a_damaged_dataset_is_refused_with_its_place(tmp_path, harm):
    folder = tmp_path / "data"
    DATASET.save(folder)
    rows, about = folder / "utterances.jsonl", folder / "dataset.json"
    if harm == "rows cut":
        rows.write_bytes(rows.read_bytes()[:-9])
    elif harm == "rows gone":
        rows.unlink()
    elif harm == "no about":
        about.unlink()
    elif harm == "cut about":
        about.write_text(about.read_text()[:40])
    elif harm in ("empty about", "list about"):
        about.write_text("{}" if harm == "empty about" else "[]")
    else:
        about.write_text(json.dumps({**json.loads(about.read_text()), "format": 99}))
    with pytest.raises(WorkbenchError, match=r"data(/|:)"):
        Dataset.load(folder)


def test_an_intent_that_is_not_listed_is_named():
    stray = dataclasses.replace(ROWS[0], intents=("returns",))
    with pytest.raises(WorkbenchError, match="'returns'"):
        DATASET.label_ids([stray])
