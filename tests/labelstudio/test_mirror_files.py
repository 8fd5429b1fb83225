"""The files of a local copy: only their owner reads them, and where they are damaged, that is one line."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, closing

import pytest

from tests.labelstudio.pulls import command, project, pull
from workbench.errors import WorkbenchError
from workbench_labelstudio.pull.mirror import Mirror


def test_only_the_owner_reads_what_lies_in_a_folder_that_all_can_read(project, pull, tmp_path, monkeypatch):
    folder, modes = tmp_path / "mine", {}
    folder.mkdir(mode=0o755)
    put = Mirror.put

    def looking(self, tasks):
        modes.update({path.name: path.stat().st_mode & 0o777 for path in folder.glob("[!.]*")})
        return put(self, tasks)

    monkeypatch.setattr(Mirror, "put", looking)
    before = os.umask(0o022)
    try:
        pull(project, "--mirror", folder)
    finally:
        os.umask(before)
    assert "tasks.sqlite3" in modes
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def damage(folder, content):
    with closing(sqlite3.connect(folder / "tasks.sqlite3")) as database, database:
        database.execute("UPDATE tasks SET json = CAST(? AS BLOB) WHERE id = (SELECT min(id) FROM tasks)", (content,))


@pytest.mark.parametrize("content", [b'{"id": 1, "data": {"text": "\xff\xff"}}', b'{"id": 1, "da'])
def test_a_row_that_is_damaged_is_one_line(project, pull, command, workbench_cli, bundle, tmp_path, content):
    mirror = ("--mirror", tmp_path / "mirror")
    pull(project, *mirror)
    damage(tmp_path / "mirror", content)
    for done in (
        command(project, *mirror, "-o", tmp_path / "out"),
        workbench_cli("labelstudio", "push", bundle.path, project, *mirror),
    ):
        assert done.exit_code == 1
        assert "the local copy of the project cannot be used" in done.output
        assert "remove its tasks.sqlite3" in done.output
    (tmp_path / "mirror" / "tasks.sqlite3").unlink()
    pull(project, *mirror, "-o", tmp_path / "again")


CALLS = {
    "noted": lambda mirror: mirror.noted("mark"),
    "note": lambda mirror: mirror.note("mark", 1),
    "forget": lambda mirror: mirror.forget("mark"),
    "tasks": lambda mirror: list(mirror.tasks()),
    "counts": lambda mirror: mirror.counts(),
    "ids": lambda mirror: mirror.ids(),
    "length": len,
    "keep": lambda mirror: mirror.keep([1]),
    "versions": lambda mirror: list(mirror.versions(0, 1)),
    "transaction": lambda mirror: mirror.transaction().__enter__(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_database_that_fails_is_one_line_wherever_it_is_asked(tmp_path, call):
    database = sqlite3.connect(tmp_path / "tasks.sqlite3")
    with closing(Mirror(tmp_path)) as mirror, closing(database) as other, ExitStack() as begun:
        other.execute("DROP TABLE tasks")
        other.execute("DROP TABLE notes")
        if call == "transaction":
            begun.enter_context(mirror.transaction())
        with pytest.raises(WorkbenchError, match="the local copy of the project cannot be used"):
            CALLS[call](mirror)
