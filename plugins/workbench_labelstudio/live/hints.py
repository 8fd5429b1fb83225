"""Hints that a project may have changed, as files: a watch keeps one, and the webhook of a server touches it.

Server and watch meet in the user's data folder, as the same user. Without a server, or where the folder cannot be
written, a watch finds changes by its polls alone.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import time
from pathlib import Path

from workbench.api.io import make_folder
from workbench_labelstudio.data_folder import data_folder

NOBODY_ELSE = 0o700  # whoever writes here wakes the user's watches
logger = logging.getLogger(__name__)


class HintFile:
    """The file of one watch, there as long as the `with` block.

    Args:
        project: id of the project.
        name: of the watch.

    Attributes:
        trouble: why the file cannot be kept, as it was at the start of the block; "" = it is there.
    """

    def __init__(self, project: int, name: str) -> None:
        self.name = f"{project}-{name}"
        self.trouble = ""
        self._seen = 0  # nanoseconds
        self._open = False

    def __enter__(self) -> HintFile:
        self._open = True
        try:
            self._seen = self._make()
        except (OSError, RuntimeError) as error:
            self.trouble = str(error)
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        with contextlib.suppress(OSError, RuntimeError):
            (_folder() / self.name).unlink(missing_ok=True)

    def touched(self) -> bool:
        """Whether the file was touched since the last call; one that was deleted is made again, and counts, too."""
        before = self._seen
        if self._open:
            with contextlib.suppress(OSError, RuntimeError):
                self._seen = self._time()
        return self._seen != before

    def _time(self) -> int:
        try:
            return (_folder() / self.name).stat().st_mtime_ns
        except FileNotFoundError:
            return self._make()

    def _make(self) -> int:
        """Make the file; give its time.

        Raises:
            OSError: the folder cannot be written.
            RuntimeError: the user has no home folder.
        """
        path = _folder() / self.name
        if not path.parent.is_dir():
            make_folder(path.parent.parent)
            path.parent.mkdir(NOBODY_ELSE, exist_ok=True)
        path.touch(0o600)
        now = time.time_ns()
        os.utime(path, ns=(now, now))
        return path.stat().st_mtime_ns


def leave_hint(project: int | None) -> None:
    """Touch the files of the watches of a project; None = of all projects."""
    now = time.time_ns()
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: this user has no home folder, thus no watch
        for path in _folder().glob("*" if project is None else f"{project}-*"):
            try:
                os.utime(path, ns=(now, now))  # the file system's own clock is too coarse to tell two hints apart
            except FileNotFoundError:
                continue  # the watch has ended
            except OSError as error:
                _warn_once(path, str(error))


@functools.cache
def _warn_once(path: Path, why: str) -> None:
    logger.warning("%s: a watch gets no hints of changes (%s); run it and the server as the same user", path, why)


def _folder() -> Path:
    return data_folder() / "hints"
