"""Durable files: whole or not at all."""

from __future__ import annotations

import pytest

from workbench.errors import WorkbenchError
from workbench.files import Staging, make_folder, publish, read_json, replace_json


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
    with pytest.raises(WorkbenchError, match="holds no links"):
        publish(tmp_path / "staged", tmp_path / "out")


def test_replacing_keeps_the_old_file_when_writing_fails(tmp_path):
    replace_json(tmp_path / "a.json", {"n": 1})
    with pytest.raises(TypeError):
        replace_json(tmp_path / "a.json", {"n": object()})
    assert read_json(tmp_path / "a.json") == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_parents_are_made(tmp_path):
    make_folder(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
