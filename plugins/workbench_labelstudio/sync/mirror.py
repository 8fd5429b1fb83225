"""A local copy of a project's tasks, in a database: what `pull` keeps in step, and all that is read comes from.

Each change is one transaction, so that a killed pull leaves what it had read, and the next one goes on from there.
A task is kept as Label Studio exports it, but for what the ways to read it do not agree on, predictions, and drafts.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.engine.lock import locked
from workbench.errors import WorkbenchError
from workbench.files import make_folder

if TYPE_CHECKING:
    from workbench_labelstudio.sync.connection import Connection
    from workbench_labelstudio.sync.project import Project

DATA = "XDG_DATA_HOME"
PATIENCE = 5.0  # seconds: as long as a pull without many changes takes
LARGEST = 2**63 - 1  # id that the database can hold
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


@dataclass(frozen=True)
class Change:
    """How many tasks came in, changed in what is kept of them beside their time, or went."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(self.added + other.added, self.changed + other.changed, self.removed + other.removed)


class Mirror:
    """The tasks of one project, and notes of how far they were read.

    Args:
        folder: its own; made if it is not there. Only the owner can read it: it holds what customers said.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.splits = folder / "splits.json"  # which task went into which split of the datasets made of it
        with self._readable():
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
    def held(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep other processes from changing it.

        Args:
            patience: seconds to wait for another that does.

        Raises:
            WorkbenchError: it still does.
        """
        deadline = time.monotonic() + patience
        with self._readable(), ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(locked(self.folder))
                    break
                except WorkbenchError as error:
                    if time.monotonic() > deadline:
                        raise WorkbenchError(error.what, where=self.folder, remedy="Wait for it to end") from None
                    time.sleep(0.2)
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

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            raise WorkbenchError(
                f"the local copy of the project cannot be used ({error})",
                where=self.folder,
                remedy="Make room, mend its permissions, or remove its tasks.sqlite3; then run the same command again",
            ) from error

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Every task as Label Studio exports it, without its predictions, by rising id."""
        for (text,) in self._database.execute("SELECT json FROM tasks ORDER BY id"):
            yield json.loads(text)

    def put(self, tasks: Sequence[Mapping[str, Any]]) -> Change:
        """Add tasks as the server sends them, or replace those with the same id."""
        added = changed = 0
        for row in map(_row, tasks):
            number, *_, text = row
            known = self._database.execute("SELECT json FROM tasks WHERE id = ?", (number,)).fetchone()
            if known and known[0] == text:
                continue
            self._database.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?)", row)
            added += not known
            changed += bool(known) and _without_time(known[0]) != _without_time(text)
        return Change(added, changed)

    def drop(self, ids: Iterable[int]) -> None:
        """Remove tasks."""
        self._database.executemany("DELETE FROM tasks WHERE id = ?", ((number,) for number in ids))

    def clear(self) -> None:
        """Forget everything, also which task went into which split."""
        self.splits.unlink(missing_ok=True)
        self._database.execute("DELETE FROM tasks")
        self._database.execute("DELETE FROM notes")

    def versions(self, first: int = 0, last: int = LARGEST) -> Iterator[tuple[int, str, int, int]]:
        """Of every task with such an id: id, when it was updated, annotations that are no skips, skips."""
        query = "SELECT id, updated, annotations, skips FROM tasks WHERE id BETWEEN ? AND ? ORDER BY id"
        yield from self._database.execute(query, (first, last))

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

    def forget(self, *names: str) -> None:
        """Remember nothing under these names."""
        self._database.executemany("DELETE FROM notes WHERE name = ?", ((name,) for name in names))

    def noted(self, name: str) -> Any:
        """What was remembered under a name; None if nothing was."""
        row = self._database.execute("SELECT json FROM notes WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(query).fetchone()
        return row


def _row(task: Mapping[str, Any]) -> tuple[int, str, int, int, bytes]:
    kept = _kept(task)
    skips = sum(bool(annotation["was_cancelled"]) for annotation in kept["annotations"])
    # a text may hold half a surrogate pair, which the database takes as bytes only
    text = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return kept["id"], kept["updated_at"], len(kept["annotations"]) - skips, skips, text


def _kept(task: Mapping[str, Any]) -> dict[str, Any]:
    annotations = sorted(task["annotations"], key=lambda annotation: annotation["id"])
    return {
        **{key: task.get(key) for key in OF_A_TASK},
        "annotations": [
            {**{key: one.get(key) for key in OF_AN_ANNOTATION}, "completed_by": _user(one.get("completed_by"))}
            for one in annotations
        ],
    }


def _user(who: Any) -> int | None:
    number: int | None = who["id"] if isinstance(who, Mapping) else who
    return number


def _without_time(text: bytes) -> str:
    return json.dumps({**json.loads(text), "updated_at": None})  # as text, because True == 1 == 1.0


def mirror_of(connection: Connection, project: Project, place: str | None = None) -> Mirror:
    """The mirror of a project: at `place`, else below the user's data folder, one a server and project."""
    if place:
        return Mirror(Path(place).expanduser())
    url = httpx.URL(connection.url)
    server = "-".join(part for part in (url.host, str(url.port or ""), *url.path.split("/")) if part)
    data = Path(os.environ.get(DATA) or Path.home() / ".local" / "share")
    return Mirror(data / "intent-workbench" / "labelstudio" / server / str(project.id))
