"""Run a recipe in the background some time after a request, one run at a time."""

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

from workbench.errors import GateRefused, WorkbenchError
from workbench.serving.process import BackgroundProcess

MAX_POSTPONEMENT = 10  # times `debounce`: a steady stream of requests cannot postpone a run any longer
MAX_RETRY_FACTOR = 64  # times `retry`
CANNOT_START = 127  # the exit code that a shell returns for a missing program
INSTALL = "Run: pip install "  # the remedy of `MissingExtra`
logger = logging.getLogger(__name__)


def run_command(recipe: Path, run: Path) -> list[str]:
    """Return the command that runs a recipe into a folder and removes outdated stages."""
    return [sys.executable, "-m", "workbench", "run", str(recipe), "-o", str(run), "--drop-old"]


class BackgroundRun:
    """A command that runs on request, in a separate thread.

    A run begins `debounce` seconds after the last request, but at most `MAX_POSTPONEMENT * debounce` seconds after the
    first one. All requests during a run lead to exactly one more run.

    Args:
        command: program and arguments, see `run_command`.
        debounce: seconds without a request before a run begins.
        ended: function that the thread calls with the exit code after each run.
        then: function that the thread calls after a successful command, as the last part of the run; an error makes
            the run fail.
        log: file of bounded size for the output of the command; None = no log.
        environment: variables for the command in addition to those of this process.
        retry: seconds before a failed command is repeated, doubled after each failure; None = no retry. An error of
            `then` is final: `then` would fail again.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        debounce: float,
        ended: Callable[[int], None] | None = None,
        then: Callable[[], object] | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        retry: float | None = None,
    ) -> None:
        self.command, self.debounce, self.ended, self.then = list(command), debounce, ended, then
        self.log, self.environment, self.retry = log, environment, retry
        self._changed = threading.Condition()
        self._first: float | None = None  # time of the first request for the next run
        self._due: float | None = None
        self._why, self._failures, self._pauses, self._closed = "", 0, 0, False
        self._process: BackgroundProcess | None = None
        self._thread: threading.Thread | None = None
        self._begun = self._end = 0.0
        self._set("idle", None)

    def request(self, why: str, *, debounce: float | None = None) -> dict[str, Any]:
        """Request a run and return the status immediately.

        Args:
            why: the reason, for people.
            debounce: seconds without another request before the run begins; None = the default of this object.
        """
        with self._changed:
            if not self._closed:
                now = time.monotonic()
                self._first = now if self._first is None else self._first
                delay = self.debounce if debounce is None else debounce
                self._due = min(now + delay, self._first + MAX_POSTPONEMENT * self.debounce)
                self._why, self._failures = why, 0
                if self._process is None:
                    self._set("waiting", why)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="background-run", daemon=True)
                    self._thread.start()
                self._changed.notify_all()
            return self.status()

    def status(self) -> dict[str, Any]:
        """Return the status as JSON.

        `state` is `idle`, `waiting`, `running`, `succeeded`, `refused` (by the gate), `failed`, or `unavailable`. The
        last one means that an extra is not installed; `message` then ends with the command that installs the extra.
        Further keys: `why` is the reason of the request, `since` the time of the last change of state, `seconds` the
        duration of the last run. `exit_code` and `message` (the last line of output) belong to the last run too.
        """
        with self._changed:
            if self._process is not None:
                return self._status | {"seconds": self._seconds(time.monotonic()), "message": self._process.message}
            return self._status | {"seconds": self._seconds(self._end)}

    @contextmanager
    def paused(self) -> Iterator[bool]:
        """Prevent new runs inside the block; the value is True if no run is in progress."""
        with self._changed:
            self._pauses += 1
            free = self._process is None
        try:
            yield free
        finally:
            with self._changed:
                self._pauses -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Start no more runs, and stop the current run; a later run of the recipe reuses the finished stages."""
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
        while (run := self._wait_and_start()) is not None:
            code = self._wait_for_end(*run)
            if code is not None and self.ended is not None:
                try:
                    self.ended(code)
                except Exception:
                    logger.exception("the callback after a background run failed")

    def _wait_and_start(self) -> tuple[str, BackgroundProcess | OSError] | None:
        """Wait until a run is due and start the run; None after `close`."""
        with self._changed:
            while not self._closed:
                wait = None if self._due is None or self._pauses else self._due - time.monotonic()
                if wait is not None and wait <= 0:
                    return self._start()
                self._changed.wait(wait)
            return None

    def _start(self) -> tuple[str, BackgroundProcess | OSError]:
        why, self._first, self._due = self._why, None, None
        logger.info("background run begins: %s", why)
        self._begun = time.monotonic()
        try:
            self._process = BackgroundProcess(self.command, log=self.log, environment=self.environment)
        except OSError as error:
            return why, error
        self._set("running", why)
        return why, self._process

    def _wait_for_end(self, why: str, process: BackgroundProcess | OSError) -> int | None:
        """Wait for the end of a run and return its exit code, or None if `close` stopped the run."""
        if isinstance(process, OSError):
            code, message = CANNOT_START, f"Error: {self.command[0]}: {process.strerror}"
        else:
            code, message = process.wait(), process.message
        command_failed = code != 0
        if not command_failed and self.then is not None:
            code, message = _outcome(self.then, message)
        with self._changed:
            self._process, self._end = None, time.monotonic()
            if self._closed:
                self._set("idle", None)
                return None
            self._finish(why, code, message, retry=self.retry if command_failed else None)
            return code

    def _finish(self, why: str, code: int, message: str, retry: float | None) -> None:
        """Set the state after a run, and the time of a retry."""
        state = _state(code, message)
        logger.info("background run ended: %s", state)
        if self._due is not None:  # another request came during the run
            self._set("waiting", self._why, code, message)
            return
        self._set(state, why, code, message)
        if state == "failed" and retry is not None:
            self._due = time.monotonic() + retry * min(2**self._failures, MAX_RETRY_FACTOR)
            self._failures += 1


def _outcome(then: Callable[[], object], message: str) -> tuple[int, str]:
    """Call the last part of a run; give the run's exit code and message."""
    try:
        then()
    except Exception as error:
        logger.warning("the last part of a run failed: %s", error, exc_info=not isinstance(error, WorkbenchError))
        if isinstance(error, WorkbenchError):
            return error.exit_code, str(error)
        return WorkbenchError.exit_code, f"{type(error).__name__}: {error}"
    return 0, message


def _state(code: int, message: str) -> str:
    if code == 0:
        return "succeeded"
    if code == GateRefused.exit_code:
        return "refused"
    return "unavailable" if INSTALL in message else "failed"
