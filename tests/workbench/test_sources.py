"""What users bring: files and texts, whole or broken."""

from __future__ import annotations

import gzip

import pytest

from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.sources import is_blank, read_source
from workbench.nouns.utterance import split_named
from workbench.text.normalization import well_formed


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: gzip.compress(b"\xef\xbb\xbf" + data, mtime=0)])
def test_plain_and_gzipped_utf8(tmp_path, pack):
    (tmp_path / "any.name").write_bytes(pack("退款\r\nline".encode()))
    assert read_source(tmp_path / "any.name") == "退款\r\nline"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"abc" * 99, mtime=0)[:-1], "ends too early"),
        (b"\x1f\x8bthis is no gzip file", "damaged gzip"),
        (b"caf\x81", "is neither UTF-8, UTF-16, GB18030 nor Windows-1252"),
        (
            "退款\n退货\n投诉\n".encode() + "我要退款\n".encode("gb18030"),
            "changes its encoding: most lines are UTF-8, line 4",
        ),
        ("café\nniño\n".encode() + b"caf\xe9\n", "line 3 is not"),
    ],
)
def test_broken_files(tmp_path, content, words):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(WorkbenchError) as caught:
        read_source(tmp_path / "a")
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "a"))


CHINESE = "文本,意图\n我的快递到哪了，已经等了三天,物流\n退钱,退款\n能便宜点吗？OK,议价\n"
LATIN = "text,intent\nwo ist mein Päckchen,Verfolgung\nça ne marche pas… «non»,plainte\n50 € zurück,refund\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CHINESE, "gbk"),
        (CHINESE + "𠮷野家,其他\n", "gb18030"),
        (LATIN, "windows-1252"),
        ("text,intent\n" + "where is it,order\n" * 300 + "déjà payé,refund\n", "windows-1252"),
        (CHINESE, "utf-16"),
        (CHINESE * 40, "utf-16-le"),
        (LATIN, "utf-16-be"),
        ("text,intent\nwhere is it,order\n", "utf-16-le"),
    ],
)
def test_other_encodings_are_read_and_named(tmp_path, content, encoding, caplog):
    (tmp_path / "a.csv").write_bytes(content.encode(encoding))
    assert read_source(tmp_path / "a.csv") == content
    name = {"gbk": "GB18030"}.get(encoding, encoding.upper())
    assert f"a.csv is not UTF-8; it is read as {name}" in caplog.text


@pytest.mark.parametrize("content", [CHINESE, LATIN, "plain", "text,intent\na\0\0\0b,\0\n"])
def test_utf8_is_read_without_a_word(tmp_path, content, caplog):
    (tmp_path / "a.csv").write_bytes(content.encode("utf-8-sig"))
    assert read_source(tmp_path / "a.csv") == content
    assert not caplog.records


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(WorkbenchError, match="there is no such file"):
        read_source(tmp_path / "a")
    with pytest.raises(WorkbenchError, match="is a folder"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("", True),
        (" \t\n\u3000\u2028", True),
        ("\u200b\ufeff\x00", True),
        ("a\u200b", False),
        ("。", False),
        ("👍", False),
    ],
)
def test_blank_is_what_nobody_sees(text, blank):
    assert is_blank(text) is blank


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("plain", "plain"),
        ("退款 👍", "退款 👍"),
        ("\ufeffmark", "\ufeffmark"),
        ("cut \ud83d", "cut \ufffd"),
        ("\udc00退", "\ufffd退"),
        ("\ud83d\udc4d", "👍"),
    ],
)
def test_half_surrogates_are_replaced(text, whole):
    assert well_formed(text) == whole
    assert well_formed(text).encode("utf-8")


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        (" Validation", "dev"),
        ("develop", "dev"),
        ("TEST", "test"),
    ],
)
def test_splits_by_their_many_names(name, split):
    assert split_named(name) == split


def test_an_unknown_split_names_the_nearest():
    with pytest.raises(UsageProblem, match=r"row 3: unknown split 'tets'\. Did you mean 'test'"):
        split_named("tets", where="row 3")
