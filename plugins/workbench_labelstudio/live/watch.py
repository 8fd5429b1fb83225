"""Keep a run in step with a project: look what changed at every hint and every so often, and train when labels did.

A webhook only says when to look. What decides is the digest of the labels in the mirror, against the one that the run
was made from, which the mirror remembers: so no event, early, late, twice, forged or lost, trains for nothing or makes
a label be forgotten, and neither does a kill.
"""

from __future__ import annotations

import hashlib
import queue
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.engine import RUN_FILE as RUN
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.live.hooks import name_of
from workbench_labelstudio.live.labels import Labels
from workbench_labelstudio.pull.pull import pull

if TYPE_CHECKING:
    from pathlib import Path

    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.live.events import Event
    from workbench_labelstudio.live.training import Training
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

PAUSE = 1.0  # seconds from a hint to the look: more may come, and the server may not have committed yet
SOON = 30.0  # seconds to the next look when one failed
SURE = 5.0  # seconds after which a project that is still not there is gone: a gateway may say so of a restart
DONE = ("succeeded", "refused")  # the run came to its end, whatever the gate says
Tell = Callable[[str, dict[str, Any]], None]


class Watch:
    """Looks at a project, from the one thread that calls `follow` or `look`; `hint` is for any thread.

    Args:
        connection: to the server.
        project: which one.
        mirror: of it.
        training: makes the run; its `finished` is taken.
        recipe: that it runs.
        run: the folder that it runs into.
        tell: called with what happened and its figures: `pulled`, `trouble`, `training`.
    """

    def __init__(
        self,
        connection: Connection,
        project: Project,
        mirror: Mirror,
        training: Training,
        *,
        recipe: Path,
        run: Path,
        tell: Tell,
    ) -> None:
        self.connection, self.project, self.mirror = connection, project, mirror
        self.training, self.run, self.tell = training, run, tell
        self.recipe, self._labels = recipe, Labels(mirror)
        self._note = f"watch {name_of(run)}"
        self._signals: queue.SimpleQueue[int | None] = queue.SimpleQueue()  # exit codes; None = a hint
        training.finished = self._signals.put
        self._asked: list[str | None] | None = None  # what the training was last asked for
        self._hints = 0
        self._last_hint: dict[str, Any] | None = None
        self._last_pull: dict[str, Any] | None = None
        self._trouble: str | None = None
        self._missed: float | None = None  # when the project was first not there

    def hint(self, event: Event) -> None:
        """Something may have changed: have a look soon."""
        self._hints += 1
        self._last_hint = {"at": _now(), "action": event.action}
        self._signals.put(None)

    def status(self) -> dict[str, Any]:
        """How it stands, as JSON."""
        return {
            "project": {"id": self.project.id, "title": self.project.title},
            "hints": self._hints,
            "last_hint": self._last_hint,
            "last_pull": self._last_pull,
            "trouble": self._trouble,
            "training": self.training.status(),
        }

    def follow(self, poll: float) -> None:
        """Look at once, soon after every hint, after every training, and every `poll` seconds; for ever.

        Raises:
            NotFound: the project is gone.
        """
        due = time.monotonic()
        while True:
            try:
                code = self._signals.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                due = time.monotonic() + (poll if self.look() else min(poll, SOON))
                continue
            if code is not None:
                self._settle()
            due = min(due, time.monotonic() + PAUSE)

    def once(self) -> int:
        """Look, train if labels changed, and the exit code.

        Raises:
            WorkbenchError: the server does not answer.
        """
        self._look()
        if self.training.status()["state"] == "idle":
            return 0
        while (code := self._signals.get()) is None:
            pass
        self._settle()
        return code

    def look(self) -> bool:
        """Pull, and ask for a training if labels changed; whether that went well.

        Raises:
            NotFound: the project is gone, and was so `SURE` seconds ago.
        """
        try:
            self._look()
        except NotFound as error:
            now = time.monotonic()
            self._missed = now if self._missed is None else self._missed
            if now - self._missed >= SURE:
                raise
            return self._in_trouble(error)
        except WorkbenchError as error:
            self._missed = None
            return self._in_trouble(error)
        self._trouble = self._missed = None
        return True

    def _in_trouble(self, error: WorkbenchError) -> bool:
        if str(error) != self._trouble:
            self._trouble = str(error)
            self.tell("trouble", {"at": _now(), "message": self._trouble})
        return False

    def _look(self) -> None:
        with self.training.held() as free:
            if not free:
                return  # its import reads the same mirror; there is a look when it has ended
            pulled = pull(self.connection, self.project, self.mirror)
            self.project = pulled.project
            labels, labelled = self._labels.digest(self.project.label_config)
            self._last_pull = {
                "at": _now(),
                "tasks": self.project.tasks,
                "labelled": labelled,
                "added": pulled.added,
                "changed": pulled.changed,
                "removed": pulled.removed,
                "requests": pulled.requests,
            }
            wanted = [labels, self._recipe_digest()]
            news = wanted != (self._asked or self._made_of())
            if news or pulled.added or pulled.changed or pulled.removed:
                self.tell("pulled", {**self._last_pull, "train": news, "findings": list(pulled.findings)})
            if news:
                self._asked = wanted
                why = f"{pulled.added} tasks added, {pulled.changed} changed, {pulled.removed} removed"
                self.training.ask(why)

    def _made_of(self) -> Any:
        """What the run was made from the last time; None if it is not there."""
        return self.mirror.noted(self._note) if (self.run / RUN).is_file() else None

    def _settle(self) -> None:
        """After a run: remember what it was made from, all of which was there before it began.

        Nothing is remembered where it may have read another recipe than it was asked for: the next look asks again.
        """
        status = self.training.status()
        if status["state"] in DONE:  # and not asked again since
            labels, recipe = self._asked or (None, None)
            self.mirror.note(self._note, [labels, recipe if self._recipe_digest() == recipe else None])
        self.tell("training", status)

    def _recipe_digest(self) -> str | None:
        """Of the recipe's file as it is now; None while it cannot be read."""
        try:
            return hashlib.sha256(self.recipe.read_bytes()).hexdigest()
        except OSError:
            return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
