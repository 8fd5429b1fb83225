"""Hints from the webhook of a server to the watches of a project."""

from __future__ import annotations

import pytest

from workbench_labelstudio.live.hints import HintFile, leave_hint


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


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
    assert (hints.path.exists(), hints.touched()) == (False, False)


def test_a_server_without_a_home_folder_leaves_no_hints(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    leave_hint(3)
