"""A local copy of a project's tasks, in a database: what `pull` keeps in step, and all that is read comes from.

Each change is one transaction, so that a killed pull leaves what it had read, and the next one goes on from there.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.engine.lock import locked
from workbench.files import make_folder

if TYPE_CHECKING:
    from workbench_labelstudio.sync.connection import Connection
    from workbench_labelstudio.sync.project import Project

DATA = "XDG_DATA_HOME"
SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY, updated TEXT NOT NULL, annotations INTEGER NOT NULL, skips INTEGER NOT NULL,
    json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_update ON tasks (updated);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, json TEXT NOT NULL);
"""


class Mirror:
    """The tasks of one project, and notes of how far they were read.

    Args:
        folder: its own; made if it is not there. Only the owner can read it: it holds what customers said.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            make_folder(folder)
            folder.chmod(0o700)
        self._database = sqlite3.connect(folder / "tasks.sqlite3", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.executescript(SCHEMA)

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM tasks")[0])

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from changing it.

        Raises:
            WorkbenchError: another process does.
        """
        with locked(self.folder):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes of the block, or none."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Every task as Label Studio exports it, without its predictions, by rising id."""
        for (text,) in self._database.execute("SELECT json FROM tasks ORDER BY id"):
            yield json.loads(text)

    def put(self, tasks: Iterable[Mapping[str, Any]]) -> None:
        """Add tasks, or replace those with the same id."""
        self._database.executemany(
            "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?)",
            (
                (
                    task["id"],
                    task["updated_at"],
                    sum(not annotation["was_cancelled"] for annotation in task["annotations"]),
                    sum(bool(annotation["was_cancelled"]) for annotation in task["annotations"]),
                    json.dumps(task, ensure_ascii=False),
                )
                for task in tasks
            ),
        )

    def drop(self, ids: Iterable[int]) -> None:
        """Remove tasks."""
        self._database.executemany("DELETE FROM tasks WHERE id = ?", ((number,) for number in ids))

    def clear(self) -> None:
        """Forget everything."""
        self._database.execute("DELETE FROM tasks")
        self._database.execute("DELETE FROM notes")

    def versions(self) -> Iterator[tuple[int, str, int, int]]:
        """Of every task: id, when it was updated, annotations that are no skips, skips."""
        yield from self._database.execute("SELECT id, updated, annotations, skips FROM tasks ORDER BY id")

    def counts(self) -> tuple[int, int, int]:
        """Tasks, annotations that are no skips, skips."""
        tasks, annotations, skips = self._one(
            "SELECT count(*), coalesce(sum(annotations), 0), coalesce(sum(skips), 0) FROM tasks"
        )
        return tasks, annotations, skips

    def latest(self) -> str | None:
        """When the task that was updated last was updated, by the server's clock; None without tasks."""
        latest: str | None = self._one("SELECT max(updated) FROM tasks")[0]
        return latest

    def note(self, name: str, value: Any) -> None:
        """Remember something, as JSON."""
        self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def noted(self, name: str) -> Any:
        """What was remembered under a name; None if nothing was."""
        row = self._database.execute("SELECT json FROM notes WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(query).fetchone()
        return row


def mirror_of(connection: Connection, project: Project, place: str | None = None) -> Mirror:
    """The mirror of a project: at `place`, else below the user's data folder, one a server and project."""
    if place:
        return Mirror(Path(place).expanduser())
    url = httpx.URL(connection.url)
    server = "-".join(part for part in (url.host, str(url.port or ""), *url.path.split("/")) if part)
    data = Path(os.environ.get(DATA) or Path.home() / ".local" / "share")
    return Mirror(data / "intent-workbench" / "labelstudio" / server / str(project.id))
