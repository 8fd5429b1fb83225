"""Bad CSV, TSV, JSONL and Parquet: each gets one line that says what, where and what to do."""

from __future__ import annotations

import gzip

import pytest

from workbench.errors import UsageProblem, WorkbenchError
from workbench.options import parse_options

GOOD = "text,intent\nwhere is it,delivery\nmoney back,refund\n"


@pytest.fixture
def refuse(host, context, tmp_path):
    def refused(name, content=None, kind=WorkbenchError, **options):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reader = host.registry("readers")[path.suffix[1:]]
        with pytest.raises(kind) as caught:
            reader(str(path), tmp_path / "out", parse_options(reader.options, options, "import"), context)
        message = str(caught.value)
        assert "\n" not in message
        assert str(path) in message
        return message

    return refused


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_missing_folder_empty(refuse, name, tmp_path):
    assert "there is no such file" in refuse(name)
    refuse(name, b"")
    (tmp_path / f"folder{name}").mkdir()
    refuse(f"folder{name}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("text,intent\n", "no row has a text in the column 'text' (0 rows)"),
        ('text,intent\n" ",a\n', "no row has a text in the column 'text' (1 rows, 1 blank). Set the column"),
        (GOOD + "one cell\n", "line 4: has 1 cells, the first line has 2"),
        (GOOD + '"a\nb",c\nd,e,f\n', "line 6: has 3 cells, the first line has 2"),
        (GOOD + '"never closed,x\nd,e\n', "line 4: the record cannot be read"),
        (GOOD + '"closed" too early,x\n', "line 4: the record cannot be read"),
        ("text,intent,intent\na,b,c\n", "names a column twice: intent"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-9], "gzip file that ends too early"),
        (GOOD.encode() + b"caf\x81,x\n", "is neither UTF-8, UTF-16, GB18030 nor Windows-1252"),
        (
            "文本,意图\n我的快递,物流\n".encode() + "投诉,投诉\n".encode("gb18030"),
            "line 3 is not. Save the whole file as UTF-8",
        ),
        ("text,inte\0nt\na,b\nc,d\ne,f\0\0\n", "contains NUL characters"),
    ],
)
def test_csv_that_cannot_be_read(refuse, content, words):
    assert words in refuse("a.csv", content)


@pytest.mark.parametrize("option", ["text", "label", "id_key", "split_key", "group_key"])
def test_a_wrong_column_lists_the_columns(refuse, option):
    message = refuse("a.csv", GOOD, UsageProblem, **{option: "intnet"})
    assert f"option {option}: unknown column 'intnet'. Did you mean 'intent'? Known: intent, text" in message


def test_columns_that_cannot_be_guessed_are_listed(refuse):
    assert "hold the text; columns: a, b. Set text" in refuse("a.csv", "a,b\n1,2\n", UsageProblem)
    assert "hold the intent; columns: text, 类型. Set label" in refuse("a.csv", "text,类型\n1,2\n", UsageProblem)


@pytest.mark.parametrize("delimiter", ["", ";;"])
def test_a_delimiter_is_one_character(refuse, delimiter):
    assert "is not one character" in refuse("a.csv", GOOD, UsageProblem, delimiter=delimiter)


def test_ids_that_stand_twice_or_not_at_all(refuse):
    message = refuse("a.csv", "text,nr\na,7\nb,8\nc,7\n", id_key="nr")
    assert "the id '7' occurs twice: line 2 and line 4" in message
    assert "line 3: has no id in the column 'nr'" in refuse("a.csv", "text,nr\na,7\nb,\n", id_key="nr")


def test_an_unknown_split_names_the_line(refuse):
    message = refuse("a.csv", "text,intent,split\na,x,train\nb,y,tset\n", UsageProblem, split_key="split")
    assert "line 3: unknown split 'tset'. Did you mean 'test'?" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "a", "intent": "x"}\n{"text": "b", "int', "line 2: is not JSON"),
        ('[{"text": "a", "intent": "x"}]', "line 1: is a list, not a JSON object"),
        ('{"text": "a"}\n"b"\n', "line 2: is 'b', not a JSON object"),
        ('{"text": ["a"], "intent": "x"}', "line 1: the column 'text' holds a list"),
        (
            '{"text": "a", "intent": "x"}\n{"text": "b", "intent": ["x", "y"]}',
            "line 2: the column 'intent' holds a list",
        ),
        ("[" * 100_000, "line 1: is not JSON"),
        ("[\n" + '{"text": "a"}\n]', "line 1: is not JSON"),
    ],
)
def test_jsonl_that_cannot_be_read(refuse, content, words):
    assert words in refuse("a.jsonl", content)


@pytest.mark.parametrize("content", [b"PAR1", b"no parquet at all, but long enough for a footer", b"PAR1" * 30])
def test_parquet_that_is_none(refuse, content):
    assert "cannot be read as Parquet" in refuse("a.parquet", content)
