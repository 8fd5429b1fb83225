"""Excel workbooks, JSON lists and nested keys: the rows come in, odd files are refused with a remedy."""

from __future__ import annotations

import datetime
import json

import openpyxl
import pytest

from workbench.errors import WorkbenchError
from workbench.options import parse_options


@pytest.fixture
def read(host, context, tmp_path):
    def reading(path, **options):
        reader = host.registry("readers")[path.suffix[1:]]
        return reader(str(path), tmp_path / "out", parse_options(reader.options, options, "import"), context)

    return reading


def workbook(path, **sheets):
    file = openpyxl.Workbook()
    file.remove(file.active)
    for name, rows in sheets.items():
        sheet = file.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file.save(path)
    return path


def as_json(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def pairs(dataset):
    return [(row.text, row.intent) for row in dataset]


ROWS = [["文本", "意图"], ["我的快递到哪了", "物流"], ["退钱", "退款"]]


def test_the_only_sheet_with_rows_is_read(read, tmp_path):
    path = workbook(tmp_path / "a.xlsx", Notes=[], Data=[[], *ROWS, [None, None], ["谢谢", "闲聊"]])
    assert pairs(read(path)) == [("我的快递到哪了", "物流"), ("退钱", "退款"), ("谢谢", "闲聊")]


def test_numbers_dates_and_columns_without_a_name(read, tmp_path):
    day = datetime.datetime(2026, 11, 28)
    path = workbook(tmp_path / "a.xlsx", Data=[["text", "label", "day", None], ["a", 7, day, "x"], ["b", 8, day, None]])
    dataset = read(path, group_key="day")
    assert pairs(dataset) == [("a", "7"), ("b", "8")]
    assert {row.group for row in dataset} == {"2026-11-28T00:00:00"}


def test_several_sheets_are_named_and_one_is_chosen(read, tmp_path):
    path = workbook(tmp_path / "a.xlsx", One=ROWS, Two=[*ROWS[:2]])
    with pytest.raises(WorkbenchError, match="several sheets with rows: One, Two"):
        read(path)
    assert len(read(path, sheet="Two")) == 1
    with pytest.raises(WorkbenchError, match="'Tow'") as refused:
        read(path, sheet="Tow")
    assert "Two" in str(refused.value.remedy)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "a workbook with a password"),
        (b"text,intent\na,b\n", "cannot be read as an Excel workbook"),
        (b"PK\x05\x06" + bytes(18), "cannot be read as an Excel workbook"),
    ],
)
def test_another_file_is_refused(content, message, read, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(WorkbenchError, match=message):
        read(path)


def test_a_workbook_without_rows_is_refused(read, tmp_path):
    with pytest.raises(WorkbenchError, match="no sheet with rows"):
        read(workbook(tmp_path / "a.xlsx", Data=[]))


NESTED = [{"data": {"text": "hi", "who": {"id": 1}}, "intent": "greet"}, {"data": {"text": "bye"}, "intent": "leave"}]


@pytest.mark.parametrize("content", [NESTED, {"version": 2, "rows": NESTED, "tags": ["a"]}])
def test_a_json_list_with_nested_keys(content, read, tmp_path):
    dataset = read(as_json(tmp_path / "a.json", content), text="data.text", group_key="data.who.id")
    assert pairs(dataset) == [("hi", "greet"), ("bye", "leave")]
    assert [row.group for row in dataset] == ["1", None]


def test_nested_keys_of_jsonl(read, tmp_path):
    path = as_json(tmp_path / "a.jsonl", "\n".join(map(json.dumps, NESTED)))
    assert pairs(read(path, text="data.text")) == [("hi", "greet"), ("bye", "leave")]


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        ('{"text": "a"}\n{"text": "b"}\n', "is not valid JSON", "set reader to jsonl"),
        ([{"text": "a"}, 3], "item 2: is 3, not a JSON object", "one JSON object"),
        ({"a": NESTED, "b": NESTED}, "contains several: a, b", "separate file"),
        ({"a": 1}, "contains none", "separate file"),
        (
            [{"id": 1, "data": {"text": "a"}, "annotations": []}],
            "a task of a Label Studio export",
            "labelstudio-export",
        ),
    ],
)
def test_another_json_is_refused(content, message, remedy, read, tmp_path):
    with pytest.raises(WorkbenchError, match=message) as refused:
        read(as_json(tmp_path / "a.json", content))
    assert remedy in str(refused.value.remedy)
