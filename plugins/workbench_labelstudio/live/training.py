"""Training in the background: a recipe is run a while after it was asked for, one run at a time."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.api import GateRefused
from workbench_labelstudio.live.process import Process

LONGEST = 10  # times the quiet seconds: a steady stream of events postpones a run no further
LONGEST_RETRY = 64  # times `retry`
CANNOT_START = 127  # as a shell says it
NEEDS = 'needs: pip install "intent-workbench['  # how `MissingExtra` ends
logger = logging.getLogger(__name__)


def retrain_command(recipe: Path, run: Path) -> list[str]:
    """The command that runs a recipe into a folder; what is up to date is taken from its cache, the rest makes room."""
    return [sys.executable, "-m", "workbench", "run", str(recipe), "-o", str(run), "--drop-old"]


class Training:
    """Runs a command when asked, from a thread of its own.

    However often it is asked, it runs once when `debounce` seconds have passed without another ask, at the latest
    `LONGEST` times as long after the first. Asked while it runs, it runs exactly once more afterwards.

    Args:
        command: see `retrain_command`.
        debounce: quiet seconds.
        finished: called with the exit code after each run, in the thread of the training.
        log: a file for all that the command prints, of bounded size; None = none.
        environment: variables for the command beside those of this process.
        retry: seconds after which a failed run is tried again, each time twice as long; None = it is not.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        debounce: float,
        finished: Callable[[int], None] | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        retry: float | None = None,
    ) -> None:
        self.command, self.debounce, self.finished = list(command), debounce, finished
        self.log, self.environment, self.retry = log, environment, retry
        self._changed = threading.Condition()
        self._first: float | None = None  # when it was asked for the run that is not yet begun
        self._due: float | None = None
        self._why, self._failures, self._held, self._closed = "", 0, 0, False
        self._process: Process | None = None
        self._thread: threading.Thread | None = None
        self._begun = self._ended = 0.0
        self._set("idle", None)

    def ask(self, why: str, *, debounce: float | None = None) -> dict[str, Any]:
        """Have it run soon; returns at once, with its status.

        Args:
            why: a few words for people.
            debounce: quiet seconds for this once.
        """
        with self._changed:
            if not self._closed:
                now = time.monotonic()
                self._first = now if self._first is None else self._first
                quiet = self.debounce if debounce is None else debounce
                self._due = min(now + quiet, self._first + LONGEST * self.debounce)
                self._why, self._failures = why, 0
                if self._process is None:
                    self._set("waiting", why)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="training", daemon=True)
                    self._thread.start()
                self._changed.notify_all()
            return self.status()

    def status(self) -> dict[str, Any]:
        """How it stands.

        `state` is `idle`, `waiting`, `running`, `succeeded`, `refused` (by the gate), `failed`, or `unavailable` (an
        extra is not installed: `message` ends with the line that does it); `why` it was asked for; `since` when it is
        in this state; `seconds` that the last run has taken; its `exit_code`; and `message`, the last line it printed.
        """
        with self._changed:
            if self._process is not None:
                return self._status | {"seconds": self._seconds(time.monotonic()), "message": self._process.message}
            return self._status | {"seconds": self._seconds(self._ended)}

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Begin no run in the block; says whether none runs already."""
        with self._changed:
            self._held += 1
            free = self._process is None
        try:
            yield free
        finally:
            with self._changed:
                self._held -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Start nothing more, and end what runs; the next run goes on from there."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            process, thread = self._process, self._thread
        if process is not None:
            process.end()
        if thread is not None:
            thread.join()

    def _set(self, state: str, why: str | None, exit_code: int | None = None, message: str = "") -> None:
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._status = {"state": state, "why": why, "since": since, "exit_code": exit_code, "message": message}

    def _seconds(self, end: float) -> float:
        return round(end - self._begun, 1)

    def _work(self) -> None:
        while (begun := self._begin()) is not None:
            code = self._follow(*begun)
            if code is not None and self.finished is not None:
                try:
                    self.finished(code)
                except Exception:
                    logger.exception("what follows a training failed")

    def _begin(self) -> tuple[str, Process | OSError] | None:
        """Once a run is due, why, and what it came to; None when there are to be no more."""
        with self._changed:
            while not self._closed:
                wait = None if self._due is None or self._held else self._due - time.monotonic()
                if wait is not None and wait <= 0:
                    return self._start()
                self._changed.wait(wait)
            return None

    def _start(self) -> tuple[str, Process | OSError]:
        why, self._first, self._due = self._why, None, None
        logger.info("training: %s", why)
        self._begun = time.monotonic()
        try:
            self._process = Process(self.command, log=self.log, environment=self.environment)
        except OSError as error:
            return why, error
        self._set("running", why)
        return why, self._process

    def _follow(self, why: str, process: Process | OSError) -> int | None:
        """The exit code of a run; None if `close` ended it."""
        code = process.wait() if isinstance(process, Process) else CANNOT_START
        message = process.message if isinstance(process, Process) else f"Error: {self.command[0]}: {process.strerror}"
        with self._changed:
            self._process, self._ended = None, time.monotonic()
            if self._closed:
                self._set("idle", None)
                return None
            self._finish(why, code, message)
            return code

    def _finish(self, why: str, code: int, message: str) -> None:
        """Set the state that follows from a run, and when there is another."""
        state = "failed"
        if code == 0:
            state = "succeeded"
        elif code == GateRefused.exit_code:
            state = "refused"
        elif NEEDS in message:
            state = "unavailable"
        logger.info("training: %s", state)
        if self._due is not None:  # asked meanwhile
            self._set("waiting", self._why, code, message)
            return
        self._set(state, why, code, message)
        if state == "failed" and self.retry is not None:
            self._due = time.monotonic() + self.retry * min(2**self._failures, LONGEST_RETRY)
            self._failures += 1
