"""Hints from the webhook of a server to the watches of a project."""

from __future__ import annotations

import os

import pytest

from workbench_labelstudio.live.hints import HintFile, leave_hint


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def files(folder):
    return list((folder / "intent-workbench" / "labelstudio" / "hints").glob("*"))


@pytest.mark.parametrize(("project", "touched"), [(3, True), (None, True), (33, False), (4, False)])
def test_a_hint_reaches_the_watches_of_its_project(project, touched):
    with HintFile(3, "one") as one, HintFile(3, "other") as other:
        assert not one.touched()
        leave_hint(project)
        assert (one.touched(), other.touched()) == (touched, touched)
        assert not one.touched()  # once for each hint


def test_without_a_watch_a_hint_leaves_nothing_behind(tmp_path):
    leave_hint(3)
    assert list(tmp_path.iterdir()) == []
    with HintFile(3, "one") as hints:
        pass
    leave_hint(3)
    assert (files(tmp_path), hints.touched()) == ([], False)


def test_a_server_without_a_home_folder_leaves_no_hints(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    leave_hint(3)


def test_a_file_that_is_deleted_is_a_hint_and_comes_back(tmp_path):
    with HintFile(3, "one") as hints:
        (path,) = files(tmp_path)
        path.unlink()
        path.parent.rmdir()
        assert (hints.touched(), hints.touched()) == (True, False)
        leave_hint(3)
        assert hints.touched()


def test_a_folder_that_cannot_be_made_leaves_the_polls(tmp_path):
    (tmp_path / "intent-workbench").write_text("in the way")
    with HintFile(3, "one") as hints:
        assert "intent-workbench" in hints.trouble
        assert not hints.touched()
        leave_hint(3)
        assert not hints.touched()
        (tmp_path / "intent-workbench").unlink()
        assert (hints.touched(), hints.touched()) == (True, False)  # made after all
    assert files(tmp_path) == []


def test_a_watch_without_a_home_folder_is_told_why(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    with HintFile(3, "one") as hints:
        assert hints.trouble == "Could not determine home directory."
        assert not hints.touched()


def test_a_file_of_another_user_keeps_no_hint_from_the_others_and_is_told_once(monkeypatch, caplog, tmp_path):
    utime = os.utime

    def refused(path, **times):
        if path.name.endswith("-theirs"):
            raise PermissionError(1, "Operation not permitted", str(path))
        utime(path, **times)

    with HintFile(3, "a") as first, HintFile(3, "z") as last:
        files(tmp_path)[0].with_name("3-theirs").touch()
        monkeypatch.setattr("os.utime", refused)
        leave_hint(3)
        leave_hint(3)
        assert (first.touched(), last.touched()) == (True, True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "as the same user" in caplog.text


def test_nobody_else_can_wake_a_watch(tmp_path):
    with HintFile(3, "one"):
        (path,) = files(tmp_path)
        assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
