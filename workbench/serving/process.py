"""A command in the background: in a separate process group, at low priority, with a bounded log."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

NICE = 10  # low priority keeps a server on the same machine fast
GRACE = 10.0  # seconds from SIGTERM to SIGKILL
LOG_BYTES = 1_000_000  # size limit of the log, and of its one rotated predecessor
MESSAGE_LENGTH = 1000  # characters
ERROR = "Error:"  # prefix of the workbench's error line


class BackgroundProcess:
    """A running command.

    Args:
        command: the program and its arguments.
        log: file to which the output is appended; None keeps only `message`.
        environment: variables in addition to those of this process.

    Raises:
        OSError: the command cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log, self._last, self._error = log, "", ""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | dict(environment or {}),
            start_new_session=True,  # Ctrl-C reaches only this program, which then ends the command in an orderly way
        )
        with contextlib.suppress(OSError):  # the command may have ended already
            os.setpriority(os.PRIO_PGRP, self._process.pid, NICE)
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()

    @property
    def message(self) -> str:
        """The last line with an error, or the last line of the output."""
        return self._error or self._last

    def wait(self) -> int:
        """Wait until the command ends, and return the exit code."""
        code = self._process.wait()
        self._reader.join(1)  # a child process that outlives the command may hold the pipe open
        return code

    def end(self) -> None:
        """End the command and its child processes: SIGTERM first, SIGKILL after `GRACE` seconds."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self._process.stdout)
            log = None
            if self._log is not None:
                log = RotatingFileHandler(self._log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
                stack.callback(log.close)
            while line := output.readline(LOG_BYTES // 10):
                if log is not None:
                    log.handle(logging.makeLogRecord({"msg": line.rstrip("\n")}))
                if text := line.strip()[:MESSAGE_LENGTH]:
                    self._last = text
                    self._error = text if text.startswith(ERROR) else self._error
