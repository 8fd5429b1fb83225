"""Hints that a project may have changed, as files: a watch keeps one, and the webhook of a server touches it.

Server and watch meet in the user's data folder. Without a server a watch finds changes by its polls alone.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from workbench.api.io import make_folder
from workbench_labelstudio.data_folder import data_folder


class HintFile:
    """The file of one watch, there as long as the `with` block.

    Args:
        project: id of the project.
        name: of the watch.
    """

    def __init__(self, project: int, name: str) -> None:
        self.path = _folder() / f"{project}-{name}"
        self._seen = 0

    def __enter__(self) -> HintFile:
        if not self.path.parent.is_dir():
            make_folder(self.path.parent)
        self.path.touch(0o600)
        self._seen = self._time()
        return self

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)

    def touched(self) -> bool:
        """Whether the file was touched since the last call."""
        before, self._seen = self._seen, self._time()
        return self._seen != before

    def _time(self) -> int:
        with contextlib.suppress(OSError):
            return self.path.stat().st_mtime_ns
        return self._seen


def leave_hint(project: int | None) -> None:
    """Touch the files of the watches of a project; None = of all projects."""
    now = time.time_ns()
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: this user has no home folder, thus no watch
        for path in _folder().glob("*" if project is None else f"{project}-*"):
            os.utime(path, ns=(now, now))  # the file system's own clock is too coarse to tell two hints apart


def _folder() -> Path:
    return data_folder() / "hints"
