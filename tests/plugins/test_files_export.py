"""`workbench data export`, and that its files are read back as the same rows."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.cli.root import build_cli
from workbench.context import Context
from workbench.engine.run import StageRecord
from workbench.engine.store import Store
from workbench.io.sources import is_blank
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import SPLITS, Utterance

ROWS = (
    Utterance("1", "快递\n到哪了", "快递 \r\n到哪了", ("查询物流",), split="train", group="对话-1", language="zh"),
    Utterance("2", 'she said "no, thanks"', 'she said "no, thanks"', (" refund",), split="test", language="en"),
    Utterance("3", "=1+1\tand\rmore", "=1+1\tand\rmore"),
    Utterance("a,b", "NULL", "", ("None",), split="dev"),
)


def dataset(rows):
    return Dataset("intent", tuple(sorted({row.intents[0] for row in rows if row.intents})), tuple(rows))


@pytest.fixture
def export(host):
    def run(*arguments):
        return CliRunner().invoke(build_cli(host), ["data", "export", *map(str, arguments)])

    return run


@pytest.fixture
def saved(tmp_path):
    dataset(ROWS).save(tmp_path / "data")
    return tmp_path / "data"


def read(host, context, path, form=None):
    reader = host.registry("readers")[form or path.suffix[1:]]
    return reader(str(path), path.parent / "out", reader.options(), context)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_what_is_written_is_read_back(host, context, export, saved, tmp_path, name):
    result = export(saved, "-o", tmp_path / name)
    assert result.exit_code == 0
    assert "4 rows" in result.stderr
    assert result.stdout == ""
    assert read(host, context, tmp_path / name).utterances == ROWS
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "data", "work"])


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
visible = anything.filter(lambda text: not is_blank(text))
utterances = st.builds(
    Utterance,
    id=visible,
    text=visible,
    raw=anything,
    intents=st.none() | st.tuples(visible),
    split=st.none() | st.sampled_from(SPLITS),
    group=st.none() | visible,
    language=st.none() | st.sampled_from(["en", "zh"]),
)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@settings(deadline=None, max_examples=60)
@given(rows=st.lists(utterances, min_size=1, max_size=6, unique_by=lambda row: row.id), bom=st.booleans())
def test_any_rows_are_read_back(host, form, rows, bom):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        dataset(rows).save(path / "data")
        arguments = ["data", "export", str(path / "data"), "-o", str(path / "a.txt"), "--format", form]
        result = CliRunner().invoke(build_cli(host), [*arguments, "--bom"] if bom and form == "csv" else arguments)
        assert result.exit_code == 0, result.stderr
        assert read(host, Context(host, 13, path), path / "a.txt", form).utterances == tuple(rows)


def test_stdout_holds_the_rows_and_nothing_else(export, saved):
    as_csv = export(saved, "-o", "-")
    assert list(csv.DictReader(io.StringIO(as_csv.stdout, newline="")))[1]["text"] == 'she said "no, thanks"'
    assert as_csv.stderr == ""
    as_jsonl = export(saved, "-o", "-", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in as_jsonl.stdout.splitlines()] == ["1", "2", "3", "a,b"]
    assert "快递" in as_jsonl.stdout


def test_the_columns(export, saved):
    assert export(saved, "-o", "-").stdout_bytes.startswith(b"id,text,intent,split,group,language,raw\r\n")


def test_excel_gets_a_byte_order_mark(export, saved, tmp_path):
    export(saved, "-o", tmp_path / "a.csv", "--bom")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfid,text")
    assert export(saved, "-o", tmp_path / "a.jsonl", "--bom").exit_code == 2


def test_nothing_is_overwritten_unless_forced(export, saved, tmp_path):
    (tmp_path / "a.csv").write_text("precious")
    refused = export(saved, "-o", tmp_path / "a.csv")
    assert (refused.exit_code, (tmp_path / "a.csv").read_text()) == (1, "precious")
    assert "or add --force" in refused.stderr
    assert export(saved, "-o", tmp_path / "a.csv", "--force").exit_code == 0
    assert len((tmp_path / "a.csv").read_text()) > 100


def test_a_write_that_fails_leaves_what_was_there(export, saved, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "a.csv").write_text("precious")
    monkeypatch.setattr("os.fsync", full)
    refused = export(saved, "-o", tmp_path / "a.csv", "--force")
    assert "cannot be written (No space left on device)" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "data"]
    assert (tmp_path / "a.csv").read_text() == "precious"


@pytest.mark.parametrize(
    ("output", "words", "code"),
    [
        ("a.xlsx", "Use the suffix .csv or .jsonl", 2),
        ("nowhere/a.csv", "cannot be written (No such file or directory)", 1),
        ("data", "set --format", 2),
    ],
)
def test_outputs_that_cannot_be(export, saved, tmp_path, output, words, code):
    result = export(saved, "-o", tmp_path / output)
    assert (result.exit_code, words in result.stderr) == (code, True)


def test_a_run_gives_the_rows_that_training_saw(export, tmp_path):
    run, stages = Store(tmp_path / "run"), []
    for name, rows in (("import", ROWS), ("clean", ROWS[:2])):
        dataset(rows).save(tmp_path / "run" / name)
        stages.append(StageRecord(name, name, run.path / name, "0"))
    run.point({}, [])
    assert "the run has no dataset yet" in export(tmp_path / "run", "-o", "-").stderr
    run.point({}, stages)
    assert "2 rows" in export(tmp_path / "run", "-o", tmp_path / "a.csv").stderr


def test_a_folder_that_is_no_dataset(export, tmp_path):
    assert "is not a dataset folder" in export(tmp_path, "-o", "-").stderr


@pytest.mark.parametrize("intents", [(), ("a", "b"), (("a", "b"),)])
def test_rows_that_a_table_cannot_hold_are_refused(export, tmp_path, intents):
    Dataset("intents", ("a", "b"), (Utterance("7", "x", "x", intents),)).save(tmp_path / "data")
    result = export(tmp_path / "data", "-o", tmp_path / "a.csv")
    assert "row 7: has the intents" in result.stderr
    assert not (tmp_path / "a.csv").exists()


def test_the_group_of_another_plugin_is_joined(host):
    cli = click.Group()
    cli.add_command(click.Group("data", commands={"check": click.Command("check")}))
    host.manager.get_plugin("workbench_files").register_commands(cli, host)
    assert set(cli.commands["data"].commands) == {"check", "export"}
