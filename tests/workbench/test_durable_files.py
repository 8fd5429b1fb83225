"""Durable files: whole or not at all."""

from __future__ import annotations

import os

import pytest

from workbench.errors import WorkbenchError
from workbench.io.files import Staging, make_folder, publish, read_json, read_lines, replace_json


def test_a_block_that_fails_publishes_nothing(tmp_path):
    def fail():
        with Staging(tmp_path / "out") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_attempt_left_is_not_published(tmp_path):
    left = tmp_path / ".out.partial"
    left.mkdir()
    (left / "old").write_text("x")
    with Staging(tmp_path / "out") as folder:
        (folder / "new").write_text("y")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


def test_nothing_published_is_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(WorkbenchError, match="exists already"), Staging(tmp_path / "out"):
        pass


def test_a_link_is_not_published(tmp_path):
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged/link").symlink_to("/etc/passwd")
    with pytest.raises(WorkbenchError, match="symbolic link"):
        publish(tmp_path / "staged", tmp_path / "out")


def test_everything_is_flushed_before_it_is_published_and_the_parent_afterwards(tmp_path, monkeypatch):
    """Without the last flush, a crash of the machine may undo the rename of what was told to be there."""
    final, flushed, flush = tmp_path / "out", [], os.fsync

    def note(descriptor):
        flushed.append((os.fstat(descriptor).st_ino, final.exists()))
        flush(descriptor)

    with Staging(final) as folder:
        (folder / "deep").mkdir()
        (folder / "deep/file").write_text("x")
        inside = {path.stat().st_ino for path in (folder, folder / "deep", folder / "deep/file")}
        monkeypatch.setattr(os, "fsync", note)
    assert inside == {inode for inode, published in flushed if not published}
    assert [inode for inode, published in flushed if published] == [tmp_path.stat().st_ino]


def test_replacing_keeps_the_old_file_when_writing_fails(tmp_path):
    replace_json(tmp_path / "a.json", {"n": 1})
    with pytest.raises(TypeError):
        replace_json(tmp_path / "a.json", {"n": object()})
    assert read_json(tmp_path / "a.json") == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_parents_are_made(tmp_path):
    make_folder(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_at_line_feeds_alone(tmp_path, mark, end):
    texts = ["where is\u2028my parcel", "two\x0bparts\x0cof\x85one", "a\rb", "快递呢"]
    (tmp_path / "texts.txt").write_bytes(mark + end.join([texts[0], "", " \t", *texts[1:], ""]).encode())
    assert read_lines(tmp_path / "texts.txt") == read_lines(str(tmp_path / "texts.txt")) == texts


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"\xff\xfe", "it is not UTF-8"), (b"", "no text"), (b"\xef\xbb\xbf\n \r\n", "no text")],
)
def test_a_file_without_lines_is_an_error(tmp_path, content, said):
    if content is not None:
        (tmp_path / "texts.txt").write_bytes(content)
    with pytest.raises(WorkbenchError, match=rf"texts\.txt: .*{said}"):
        read_lines(tmp_path / "texts.txt")
