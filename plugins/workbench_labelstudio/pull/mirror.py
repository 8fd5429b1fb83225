"""A local copy of a project's tasks, in a database: what `pull` keeps in step, and all that is read comes from.

Each change is one transaction, so that a killed pull leaves what it had read, and the next one goes on from there.
A task is kept as Label Studio exports it, without predictions, drafts, and fields that differ between ways to read it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.api import WorkbenchError
from workbench.api.io import locked, make_folder
from workbench_labelstudio.data_folder import data_folder

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.project import Project

TOUCHED = "touched"  # note: tasks came, changed or went, and nobody has looked at their labels since
PATIENCE = 5.0  # seconds: as long as a pull without many changes takes
SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY, updated TEXT NOT NULL, annotations INTEGER NOT NULL, skips INTEGER NOT NULL,
    json BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_update ON tasks (updated);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, json TEXT NOT NULL);
"""
OF_A_TASK = ("id", "data", "meta", "created_at", "updated_at")
OF_AN_ANNOTATION = ("id", "result", "was_cancelled", "ground_truth", "created_at", "updated_at", "lead_time")


class Mirror:
    """The tasks of one project, and notes of how far they were read.

    Args:
        folder: its own; made if it is not there. Only the owner can read it, since it holds customers' texts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.splits = folder / "splits.json"  # which task went into which split of the datasets made of it
        with self._readable():
            if not folder.is_dir():
                make_folder(folder)
                folder.chmod(0o700)
            file = folder / "tasks.sqlite3"
            file.touch(0o600)
            self._database = sqlite3.connect(file, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(SCHEMA)

    def __len__(self) -> int:
        return self.counts()[0]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def held(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep other processes from changing it.

        Args:
            patience: seconds to wait for another that does.

        Raises:
            WorkbenchError: it still does.
        """
        with self._readable(), locked(self.folder, remedy="Wait for it to end", timeout=patience):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes of the block, or none."""
        self._query("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._query("ROLLBACK")
            raise
        self._query("COMMIT")

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Every task as Label Studio exports it, without its predictions, by rising id."""
        with self._readable():
            for (text,) in self._database.execute("SELECT json FROM tasks ORDER BY id"):
                yield json.loads(text)

    def put(self, tasks: Sequence[Mapping[str, Any]]) -> set[int]:
        """Add tasks as the server sends them, or replace those with the same id, all or none.

        Returns:
            The ids of those that are new, or of which more than the time changed.
        """
        changed: set[int] = set()
        with self.transaction():
            for row in map(_row, tasks):
                number, *_, text = row
                known = self._query("SELECT json FROM tasks WHERE id = ?", number)
                if known == [(text,)]:
                    continue
                self._query("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?)", *row)
                if not known or self._content(known[0][0]) != self._content(text):
                    changed.add(number)
            if changed:
                self.note(TOUCHED, True)
        return changed

    def keep(self, ids: Collection[int]) -> None:
        """Remove all other tasks, all or none."""
        if gone := self.ids().difference(ids):
            with self.transaction():
                for number in gone:
                    self._query("DELETE FROM tasks WHERE id = ?", number)
                self.note(TOUCHED, True)

    def ids(self) -> set[int]:
        """The ids of all tasks."""
        return {number for (number,) in self._query("SELECT id FROM tasks")}

    def versions(self, first: int, last: int) -> list[tuple[int, str, int, int, Any]]:
        """Of every task with such an id: id, when it was updated, annotations that are no skips, skips, data."""
        query = "SELECT id, updated, annotations, skips, json FROM tasks WHERE id BETWEEN ? AND ?"
        with self._readable():
            return [(*row, json.loads(text)["data"]) for *row, text in self._query(query, first, last)]

    def counts(self) -> tuple[int, int, int]:
        """Tasks, annotations that are no skips, skips."""
        query = "SELECT count(*), coalesce(sum(annotations), 0), coalesce(sum(skips), 0) FROM tasks"
        tasks, annotations, skips = self._query(query)[0]
        return tasks, annotations, skips

    def latest(self) -> str | None:
        """When the task that was updated last was updated, by the server's clock; None without tasks."""
        latest: str | None = self._query("SELECT max(updated) FROM tasks")[0][0]
        return latest

    def note(self, name: str, value: Any) -> None:
        """Remember something, as JSON."""
        self._query("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, json.dumps(value))

    def forget(self, *names: str) -> None:
        """Remember nothing under these names."""
        for name in names:
            self._query("DELETE FROM notes WHERE name = ?", name)

    def noted(self, name: str) -> Any:
        """What was remembered under a name; None if nothing was."""
        rows = self._query("SELECT json FROM notes WHERE name = ?", name)
        with self._readable():
            return json.loads(rows[0][0]) if rows else None

    def _content(self, text: bytes) -> str:
        with self._readable():
            return canonical({**json.loads(text), "updated_at": None})

    def _query(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._readable():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """One error for a file that cannot be used, and for a row that is no JSON."""
        try:
            yield
        except (sqlite3.DatabaseError, OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise WorkbenchError(
                f"the local copy of the project cannot be used ({error})",
                where=self.folder,
                remedy="Make room, mend its permissions, or remove its tasks.sqlite3; then run the same command again",
            ) from error


def _row(task: Mapping[str, Any]) -> tuple[int, str, int, int, bytes]:
    annotations = [_annotation(one) for one in sorted(task["annotations"], key=lambda one: one["id"])]
    skips = sum(bool(annotation["was_cancelled"]) for annotation in annotations)
    kept = {**{key: task.get(key) for key in OF_A_TASK}, "annotations": annotations}
    # a text may hold half a surrogate pair, which the database takes as bytes only
    text = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return task["id"], task["updated_at"], len(annotations) - skips, skips, text


def _annotation(value: Mapping[str, Any]) -> dict[str, Any]:
    who = value.get("completed_by")
    kept = {key: value.get(key) for key in OF_AN_ANNOTATION}
    return {**kept, "completed_by": who["id"] if isinstance(who, Mapping) else who}


def canonical(value: Any) -> str:
    """A value of JSON as text, because True == 1 == 1.0; the order of keys is nothing."""
    return json.dumps(value, sort_keys=True)


def mirror_of(connection: Connection, project: Project, place: str | None = None) -> Mirror:
    """The mirror of a project: at `place`, else below the user's data folder, one a server and project."""
    if place:
        return Mirror(Path(place).expanduser())
    return Mirror(server_folder(connection) / str(project.id))


def server_folder(connection: Connection) -> Path:
    """What is kept of a server, below the user's data folder."""
    url = httpx.URL(connection.url)
    server = "-".join(part for part in (url.host, str(url.port or ""), *url.path.split("/")) if part)
    return data_folder() / server
