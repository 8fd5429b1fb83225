"""Hints from the webhook of a server to the watches of a project."""

from __future__ import annotations

import os

import pytest

from workbench_labelstudio.live.hints import Hints, leave_hint


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def files(folder):
    return list((folder / "intent-workbench" / "labelstudio" / "hints").glob("*"))


@pytest.mark.parametrize(("project", "touched"), [(3, True), (None, True), (33, False), (4, False)])
def test_a_hint_reaches_the_watches_of_its_project(project, touched):
    one, other = Hints(3), Hints(3)
    assert not one.touched()
    leave_hint(project)
    assert (one.touched(), other.touched()) == (touched, touched)
    assert not one.touched()  # once for each hint


def test_without_a_watch_a_hint_leaves_nothing_behind(tmp_path):
    leave_hint(3)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_deleted_is_a_hint_and_comes_back(tmp_path):
    hints = Hints(3)
    (path,) = files(tmp_path)
    path.unlink()
    path.parent.rmdir()
    assert (hints.touched(), hints.touched()) == (True, False)
    leave_hint(3)
    assert hints.touched()


def test_a_folder_that_cannot_be_made_leaves_the_polls(tmp_path):
    (tmp_path / "intent-workbench").write_text("in the way")
    hints = Hints(3)
    assert "intent-workbench" in hints.trouble
    assert not hints.touched()
    leave_hint(3)
    assert not hints.touched()
    (tmp_path / "intent-workbench").unlink()
    assert (hints.touched(), hints.touched(), hints.trouble) == (True, False, "")  # made after all


def test_a_user_without_a_home_folder_gets_and_leaves_no_hints(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    hints = Hints(3)
    leave_hint(3)
    assert (hints.trouble, hints.touched()) == ("Could not determine home directory.", False)


def test_a_file_of_another_user_keeps_no_hint_from_the_others_and_is_told_once(monkeypatch, caplog):
    utime = os.utime

    def refused(path, **times):
        if path.name == "4":
            raise PermissionError(1, "Operation not permitted", str(path))
        utime(path, **times)

    watches = [Hints(3), Hints(4), Hints(5)]
    monkeypatch.setattr("os.utime", refused)
    leave_hint(None)
    leave_hint(None)
    assert [hints.touched() for hints in watches] == [True, False, True]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "as the same user" in caplog.text


def test_nobody_else_can_wake_a_watch(tmp_path):
    Hints(3)
    (path,) = files(tmp_path)
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
