"""CSV, TSV and JSONL in: columns, ids, splits, odd but good input."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections import Counter

import pyarrow
import pyarrow.parquet
import pytest

from workbench.errors import UsageProblem
from workbench.nouns.dataset import Dataset
from workbench.options import parse_options


@pytest.fixture
def read(host, context, tmp_path):
    def reading(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reader = host.registry("readers")[path.suffixes[0][1:]]
        return reader(str(path), tmp_path / "out", parse_options(reader.options, options, "import"), context)

    return reading


def pairs(dataset):
    return [(row.text, row.intent) for row in dataset]


def test_a_csv_with_well_known_columns_needs_no_options(read):
    dataset = read("a.csv", "text,category\nwhere is it,delivery\nmoney back,refund\n")
    assert pairs(dataset) == [("where is it", "delivery"), ("money back", "refund")]
    assert (dataset.task, dataset.intents) == ("intent", ("delivery", "refund"))
    assert {(row.split, row.group, row.language, row.raw == row.text) for row in dataset} == {(None, None, None, True)}


@pytest.mark.parametrize(
    "header",
    [
        "utterance,label",
        "Sentence,Category",
        "文本,意图",
        " text , intent ",
        "标签,文本",
    ],
)
def test_well_known_columns(read, header):
    assert len(read("a.csv", f"{header}\na,b\nc,d\n").intents) == 2


def test_named_columns_win(read):
    dataset = read("a.csv", "text,intent,客户留言,意图类别\na,b,我的快递,物流\n", text="客户留言", label="意图类别")
    assert pairs(dataset) == [("我的快递", "物流")]


def test_keys_for_id_split_group_and_a_language(read):
    content = "text,intent,nr,part,who\na,x,1,Validation,c1\nb,y,2,train,\nc,x,3,,c1\n"
    dataset = read("a.csv", content, id_key="nr", split_key="part", group_key="who", language="en")
    assert [(row.id, row.split, row.group, row.language) for row in dataset] == [
        ("1", "dev", "c1", "en"),
        ("2", "train", None, "en"),
        ("3", None, "c1", "en"),
    ]


def parquet(**columns):
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()


SPLIT_COLUMN = {
    "csv": "text,label,Split\na,x,train\nb,y, Val \nc,x,\nd,y,test\n",
    "tsv": "text\tlabel\tsplit\na\tx\ttrain\nb\ty\tVALIDATION\nc\tx\t\nd\ty\ttest\n",
    "jsonl": "".join(
        json.dumps({"text": text, "label": label, **({"split": split} if split else {})}) + "\n"
        for text, label, split in [("a", "x", "train"), ("b", "y", "dev"), ("c", "x", None), ("d", "y", "test")]
    ),
    "parquet": parquet(text=[*"abcd"], label=[*"xyxy"], split=["train", "dev", None, "test"]),
}


@pytest.mark.parametrize("ending", SPLIT_COLUMN)
def test_a_column_named_split_states_the_splits_without_an_option(read, ending):
    dataset = read(f"a.{ending}", SPLIT_COLUMN[ending])
    assert [(row.text, row.intent, row.split) for row in dataset] == [
        ("a", "x", "train"),
        ("b", "y", "dev"),
        ("c", "x", None),
        ("d", "y", "test"),
    ]


def test_a_column_named_split_is_left_out_on_request(read):
    dataset = read("a.csv", SPLIT_COLUMN["csv"], split_key="")
    assert {row.split for row in dataset} == {None}


def test_a_column_named_split_that_holds_something_else_is_not_read_and_a_warning_says_so(read, caplog):
    dataset = read("a.csv", "text,label,split\na,x,yes\nb,y,no\nc,y,\n")
    assert {row.split for row in dataset} == {None}
    assert "the column 'split' is ignored: 'yes' is none of train, dev, test" in caplog.text


def test_a_column_of_splits_with_another_name_among_them_is_refused(read):
    with pytest.raises(UsageProblem, match=r"a\.csv: line 3: the column 'split' holds splits, but 'holdout' is none"):
        read("a.csv", "text,label,split\na,x,train\nb,y,holdout\n")


def test_a_column_named_split_may_hold_the_intents(read):
    assert pairs(read("a.csv", "text,split\na,train\nb,y\n", label="split")) == [("a", "train"), ("b", "y")]


def test_the_verb_keeps_the_splits_of_a_column_and_says_how_many_rows_each_has(workbench, tmp_path):
    (tmp_path / "a.csv").write_text("text,label,split\na,x,train\nb,y,train\nc,x,dev\nd,y,test\ne,x,\n")
    result = workbench("import", tmp_path / "a.csv", "--reader", "csv", "-o", tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert [re.search(rf"{name} rows +(\d+)", result.stderr)[1] for name in ("train", "dev", "test")] == ["3", "1", "1"]
    assert [row.text for row in Dataset.load(tmp_path / "data").split("dev")] == ["c"]


def test_every_row_is_counted_once(read):
    dataset = read("a.csv", 'text,intent\na,x\nb,\n" ",x\n\u200b,y\nc,  \nd,y\n')
    assert dataset.counts == {"a.csv": {"rows": 6, "labelled": 2, "unlabelled": 2, "blank": 2}}
    assert [row.intents for row in dataset] == [("x",), None, None, ("y",)]


def test_a_table_of_texts_alone_is_unlabelled(read):
    dataset = read("a.csv", "text\na\nb\n")
    assert dataset.intents == ()
    assert [row.intents for row in dataset] == [None, None]


def test_quoted_commas_quotes_and_line_breaks(read):
    content = 'text,intent\r\n"a, ""b""\r\nc\nd\re",x\r\n\r\nf "g" h,y\r\n'
    assert pairs(read("a.csv", content)) == [('a, "b"\r\nc\nd\re', "x"), ('f "g" h', "y")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_every_system(read, ending):
    assert pairs(read("a.csv", ending.join(["text,intent", "a,x", "b,y"]))) == [("a", "x"), ("b", "y")]


def test_a_byte_order_mark_and_gzip(read):
    content = b"\xef\xbb\xbf" + "text,intent\n退款,x\n".encode()
    assert pairs(read("a.csv", content)) == pairs(read("b.csv.gz", gzip.compress(content))) == [("退款", "x")]


def test_another_delimiter(read):
    assert pairs(read("a.csv", "text;intent\na, b;x\n", delimiter=";")) == [("a, b", "x")]


def test_tsv_with_and_without_quotes(read):
    assert pairs(read("a.tsv", 'text\tintent\n"a\tb"\tx\n')) == [("a\tb", "x")]
    assert pairs(read("b.tsv", 'text\tintent\n"hi," she said\tx\n', quoted=False)) == [('"hi," she said', "x")]


def test_five_megabytes_and_nul_in_a_cell(read):
    text = "退款" * 850_000
    assert pairs(read("a.csv", f"text,intent\n{text},x\na\0b,y\n")) == [(text, "x"), ("a\0b", "y")]


def test_labels_lose_white_space_at_their_ends(read):
    assert read("a.csv", "text,intent\na, refund\nb,refund\u3000\n").intents == ("refund",)


def test_an_id_stays_when_rows_come_go_and_are_labelled_anew(read):
    before = {row.text: row.id for row in read("a.csv", "text,intent\na,x\nb,y\nc,x\n")}
    after = {row.text: row.id for row in read("a.csv", "text,intent\nnew,y\nc,x\na,other\n")}
    assert (before["a"], before["c"]) == (after["a"], after["c"])
    assert len(set(before.values()) | set(after.values())) == 4


def test_twins_have_ids_of_their_own(read):
    dataset = read("a.csv", "text,intent\na,x\na,x\nb,x\na,y\n")
    assert len({row.id for row in dataset}) == 4
    again = {row.id for row in read("a.csv", "text,intent\na,x\nb,x\na,x\nb,y\na,y\n")}
    assert {row.id for row in dataset} < again


def test_jsonl_rows_of_many_types(read):
    lines = [
        {"text": "a", "intent": "x"},
        {"intent": None, "text": "b"},
        {"text": "c\u2028d"},
        {"text": 12, "intent": 3},
        {"text": None, "intent": "x"},
        {"text": "cut \ud83d", "intent": 4.0},
    ]
    content = "\n\n".join(json.dumps(line, ensure_ascii=index == 5) for index, line in enumerate(lines))
    dataset = read("a.jsonl", content)
    assert pairs(dataset) == [("a", "x"), ("b", None), ("c\u2028d", None), ("12", "3"), ("cut \ufffd", "4")]
    assert dataset.counts["a.jsonl"] == {"rows": 6, "labelled": 3, "unlabelled": 2, "blank": 1}


def test_what_is_read_can_be_saved(read, tmp_path):
    dataset = read("a.jsonl", '{"text": "half \\ud83d", "intent": "\\udc00"}\n{"text": "退款", "intent": "y"}')
    dataset.save(tmp_path / "saved")
    assert Dataset.load(tmp_path / "saved") == dataset


def test_provenance_names_file_digest_and_columns(read):
    (origin,) = read("a.csv", "text,label\na,x\n").provenance
    assert {key: value for key, value in origin.items() if key != "sha256"} == {
        "reader": "csv",
        "file": "a.csv",
        "text": "text",
        "label": "label",
    }
    assert len(origin["sha256"]) == 64


@pytest.mark.parametrize(
    ("file", "rows", "intents"),
    [
        ("banking77/train.csv", 10_003, 77),
        ("banking77/test.csv", 3_080, 77),
        ("smp2017/train.csv", 2_299, 31),
        ("smp2017/test.csv", 667, 31),
    ],
)
def test_the_real_files(host, context, shared, file, rows, intents):
    reader = host.registry("readers")["csv"]
    dataset = reader(str(shared / file), context.work, reader.options(), context)
    assert (len(dataset), len(dataset.intents)) == (rows, intents)
    assert max(Counter(row.id for row in dataset).values()) == 1


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("csv", "text,intent\na,x\n"),
        ("tsv", "text\tintent\na\tx\n"),
        ("jsonl", '{"text": "a", "intent": "x"}\n'),
        ("parquet", None),
    ],
)
def test_a_file_whose_name_is_not_utf_8(read, tmp_path, ending, content):
    if content is None:
        content = parquet(text=["a"], intent=["x"])
    dataset = read(os.fsdecode(b"b\xff." + ending.encode()), content)
    dataset.save(tmp_path / "saved")
    assert set(Dataset.load(tmp_path / "saved").counts) == {f"b\ufffd.{ending}"}
    assert dataset.provenance[0]["file"] == f"b\ufffd.{ending}"


def test_the_verb_imports_a_file_whose_name_is_not_utf_8(workbench, tmp_path):
    path = tmp_path / os.fsdecode(b"b\xff.csv")
    path.write_text("text,intent\na,x\nb,y\n", encoding="utf-8")
    result = workbench("import", path, "--reader", "csv", "-o", tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert len(Dataset.load(tmp_path / "data")) == 2
