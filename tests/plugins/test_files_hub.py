"""Parquet files and Hugging Face datasets in, made by the libraries that people make them with."""

from __future__ import annotations

import sys

import datasets
import huggingface_hub.constants
import pyarrow
import pyarrow.parquet
import pytest

from workbench.errors import MissingExtra, UsageProblem, WorkbenchError
from workbench.options import parse_options

ROWS = {"text": ["a", "b", " ", "d"], "label": [0, 1, 0, -1], "who": ["c1", None, "c1", "c2"], "vector": [[0.5]] * 4}
STRING = datasets.Value("string")
FEATURES = datasets.Features(
    {
        "text": STRING,
        "label": datasets.ClassLabel(names=["退款", "delivery"]),
        "who": STRING,
        "vector": datasets.Sequence(datasets.Value("float32")),
    }
)


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)  # both read the variable when imported
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def made():
    return datasets.Dataset.from_dict(ROWS, features=FEATURES)


@pytest.fixture
def read(host, context, tmp_path):
    def reading(name, source, **options):
        reader = host.registry("readers")[name]
        return reader(str(source), tmp_path / "out", parse_options(reader.options, options, "import"), context)

    return reading


def rows(dataset):
    return [(row.text, row.intents, row.split) for row in dataset]


def test_parquet(read, tmp_path):
    table = pyarrow.table({"utterance": ["a", None, "c"], "category": ["x", "y", None]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    dataset = read("parquet", tmp_path / "a.parquet")
    assert rows(dataset) == [("a", ("x",), None), ("c", None, None)]
    assert dataset.counts == {"a.parquet": {"rows": 3, "labelled": 1, "unlabelled": 1, "blank": 1}}
    with pytest.raises(UsageProblem, match="Did you mean 'category'"):
        read("parquet", tmp_path / "a.parquet", label="categry")


def test_parquet_with_the_names_of_its_classes(read, made, tmp_path):
    made.to_parquet(tmp_path / "a.parquet")
    dataset = read("parquet", tmp_path / "a.parquet", group_key="who")
    assert [(row.text, row.intents, row.group) for row in dataset] == [
        ("a", ("退款",), "c1"),
        ("b", ("delivery",), None),
        ("d", None, "c2"),
    ]


def test_numbers_with_gaps_are_whole_numbers(read, tmp_path):
    table = pyarrow.table({"text": ["a", "b", "c"], "label": [1.0, float("nan"), 2.5]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert [row.intents for row in read("parquet", tmp_path / "a.parquet")] == [("1",), None, ("2.5",)]


def test_a_list_in_a_cell_names_the_row(read, made, tmp_path):
    made.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(WorkbenchError, match="row 1: the column 'vector' holds a list"):
        read("parquet", tmp_path / "a.parquet", text="vector")


def test_a_saved_dataset_has_no_splits(read, made, tmp_path):
    made.save_to_disk(tmp_path / "saved")
    dataset = read("hf", tmp_path / "saved")
    assert rows(dataset) == [("a", ("退款",), None), ("b", ("delivery",), None), ("d", None, None)]
    assert dataset.counts == {"saved": {"rows": 4, "labelled": 2, "unlabelled": 1, "blank": 1}}
    assert dataset.intents == ("delivery", "退款")


def test_saved_splits_keep_their_names(read, made, tmp_path):
    datasets.DatasetDict({"train": made, "validation": made.select([1])}).save_to_disk(tmp_path / "saved")
    dataset = read("hf", tmp_path / "saved")
    assert [row[2] for row in rows(dataset)] == ["train", "train", "train", "dev"]
    assert len({row.id for row in dataset}) == 4


def test_splits_are_chosen_and_renamed(read, made, tmp_path):
    splits = {"train": made, "extra": made.select([1]), "unsupervised": made, "held_out": made.select([0])}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "saved")
    chosen = read("hf", tmp_path / "saved", train=["extra"], test=["held_out"])
    assert rows(chosen) == [("b", ("delivery",), "train"), ("a", ("退款",), "test")]
    with pytest.raises(UsageProblem, match="'extra' is none of train, dev, test"):
        read("hf", tmp_path / "saved")
    with pytest.raises(UsageProblem, match=r"unknown split 'heldout'\. Did you mean 'held_out'"):
        read("hf", tmp_path / "saved", test=["heldout"])


def test_a_column_of_splits_wins(read, made, tmp_path):
    made.add_column("part", ["test", "dev", None, None]).save_to_disk(tmp_path / "saved")
    dataset = read("hf", tmp_path / "saved", split_key="part", train=["train"])
    assert [row.split for row in dataset] == ["test", "dev", "train"]


def test_a_folder_of_files_and_what_is_not_read_of_it(read, tmp_path, caplog):
    for name in ("train", "test", "develop"):
        (tmp_path / f"{name}.csv").write_text(f"text,intent\n{name} 1,x\n{name} 2,y\n", encoding="utf-8")
    assert {row[0]: row[2] for row in rows(read("hf", tmp_path))} == {
        "train 1": "train",
        "train 2": "train",
        "test 1": "test",
        "test 2": "test",
    }
    assert "their names are not splits such as validation.csv: develop.csv" in caplog.text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nobody/nothing-of-that-name", "Check the name and the connection; offline, set source to a folder"),
        ("{tmp}/missing", "cannot be loaded"),
        ("{tmp}/empty", "Check the files in this folder"),
        ("{tmp}/broken", "Check the files in this folder"),
        ("{tmp}/file.csv", "Set reader to csv"),
    ],
)
def test_what_cannot_be_loaded(read, tmp_path, source, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "state.json").write_text("{}")
    (tmp_path / "file.csv").write_text("text,intent\na,b\n")
    with pytest.raises(WorkbenchError) as caught:
        read("hf", source.format(tmp=tmp_path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_splits_with_other_columns_are_refused(read, made, tmp_path):
    parts = {"train": made, "test": made.rename_column("label", "lable")}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    with pytest.raises(UsageProblem, match=r"split test: unknown column 'label'\. Did you mean 'lable'"):
        read("hf", tmp_path / "saved")


@pytest.mark.parametrize(
    ("reader", "library", "module"),
    [
        ("parquet", "pyarrow", "parquet"),
        ("hf", "datasets", "hub"),
    ],
)
def test_a_missing_library_names_the_extra(read, monkeypatch, reader, library, module):
    monkeypatch.delitem(sys.modules, f"workbench_files.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"{library} is not installed. Run: .*\[data\]"):
        read(reader, "anything")
