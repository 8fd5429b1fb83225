"""Keep a run in step with a project: pull at every hint and every so often, and run the recipe when labels changed.

What decides is the digest of the labels in the mirror, against the digest that the run was made from, which the mirror
remembers. So no hint, early, late, twice, forged or lost, trains for nothing or lets a label be forgotten, and neither
does a kill.
"""

from __future__ import annotations

import hashlib
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.engine import RUN_FILE
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.pull.sync_state import ForeignMirror

if TYPE_CHECKING:
    from workbench.api.serving import BackgroundRun
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.live.hints import Hints
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

TICK = 1.0  # seconds between two looks for hints
PAUSE = 1.0  # seconds from a hint to the pull: more may come, and the server may not have committed yet
SOON = 30.0  # seconds to the next pull after a failed one
GONE = 5.0  # seconds after which a missing project is gone: a gateway may send a 404 while the server restarts
DONE = ("succeeded", "refused")  # the run came to its end, whatever the gate says
Tell = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class WatchTarget:
    """The recipe that a watch runs.

    Args:
        recipe: its file.
        run: the run's folder, absolute.
    """

    recipe: Path
    run: Path

    @property
    def note(self) -> str:
        """Name of the mirror's note of what the run was made from."""
        return f"watch {self.run}"

    def recipe_digest(self) -> str | None:
        """Give sha256 of the recipe's file as it is now; None while it cannot be read."""
        try:
            return hashlib.sha256(self.recipe.read_bytes()).hexdigest()
        except OSError:
            return None


class Watch:
    """Pulls a project and requests runs, in the thread that calls `follow` or `once`.

    Args:
        connection: to the server.
        project: to watch.
        mirror: of the project.
        runner: runs the recipe; its `ended` is taken.
        target: recipe and run.
        tell: called with an event and its figures: `hint`, `pulled`, `trouble`, `training`.
    """

    def __init__(
        self,
        connection: Connection,
        project: Project,
        mirror: Mirror,
        runner: BackgroundRun,
        target: WatchTarget,
        tell: Tell,
    ) -> None:
        self.connection, self.project, self.mirror = connection, project, mirror
        self.runner, self.target, self.tell = runner, target, tell
        self._ends: queue.SimpleQueue[int] = queue.SimpleQueue()  # exit codes of runs
        runner.ended = self._ends.put
        self._requested: list[str | None] | None = None  # digests of labels and recipe at the last request
        self._trouble: str | None = None
        self._missing: float | None = None  # since when the project is not there

    def follow(self, poll: float, hints: Hints) -> None:
        """Pull at once, soon after every hint, after every run, and every `poll` seconds; for ever.

        Raises:
            NotFound: the project is gone.
            ForeignMirror: the server has another project under the id.
        """
        due = time.monotonic()
        while True:
            try:
                self._ends.get(timeout=min(TICK, max(0.0, due - time.monotonic())))
            except queue.Empty:
                if time.monotonic() >= due:
                    due = time.monotonic() + (poll if self._try_pull() else min(poll, SOON))
                    continue
                if not hints.touched():
                    continue
                self.tell("hint", {})
            else:
                self._settle()
            due = min(due, time.monotonic() + PAUSE)

    def once(self) -> int:
        """Pull, run the recipe if labels changed, and give the exit code.

        Raises:
            WorkbenchError: the server does not respond.
        """
        self._pull()
        if self.runner.status()["state"] == "idle":
            return 0
        code = self._ends.get()
        self._settle()
        return code

    def _try_pull(self) -> bool:
        """Pull; give whether that went well.

        Raises:
            NotFound: the project is gone, and was so `GONE` seconds ago.
            ForeignMirror: the server has another project under the id.
        """
        try:
            self._pull()
        except ForeignMirror:
            raise
        except WorkbenchError as error:
            if not isinstance(error, NotFound):
                self._missing = None
            elif self._missing is None:
                self._missing = time.monotonic()
            elif time.monotonic() - self._missing >= GONE:
                raise
            if str(error) != self._trouble:
                self._trouble = str(error)
                self.tell("trouble", {"message": self._trouble})
            return False
        self._trouble = self._missing = None
        return True

    def _pull(self) -> None:
        with self.runner.paused() as free:
            if not free:
                return  # the import of the run reads the same mirror; there is a pull when the run has ended
            pulled = pull(self.connection, self.project, self.mirror)
            self.project = pulled.project
            wanted = [pulled.labels.digest, self.target.recipe_digest()]
            news = wanted != (self._requested or self._made_from())
            figures = {"tasks": self.project.tasks, "labelled": pulled.labels.labelled, "requests": pulled.requests}
            changes = {"added": pulled.added, "changed": pulled.changed, "removed": pulled.removed}
            self.tell("pulled", {**figures, **changes, "train": news, "findings": list(pulled.findings)})
            if news:
                self._requested = wanted
                self.runner.request(", ".join(f"{count} {what}" for what, count in changes.items()))

    def _made_from(self) -> Any:
        """Give the digests that the run was made from the last time; None if there is no run."""
        return self.mirror.noted(self.target.note) if (self.target.run / RUN_FILE).is_file() else None

    def _settle(self) -> None:
        """After a run: note the digests that it was made from."""
        status = self.runner.status()
        if status["state"] in DONE:  # and no other run was requested since
            self.mirror.note(self.target.note, self._requested)
        self.tell("training", status)
