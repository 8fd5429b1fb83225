"""Hints that a project may have changed: a watch keeps a file for each project, and the webhook of a server touches it.

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


class Hints:
    """The hints on a project that come after this moment; the file stays, for other watches of the project.

    Args:
        project: id of the project.

    Attributes:
        trouble: why the file could not be kept when it was last needed; "" = it is there.
    """

    def __init__(self, project: int) -> None:
        self.project, self.trouble = project, ""
        self._seen = 0  # nanoseconds
        self.touched()

    def touched(self) -> bool:
        """Whether a hint came since the last call; a file that was deleted is made again, and counts, too."""
        before, self.trouble = self._seen, ""
        try:
            path = _folder() / str(self.project)
            if not path.exists():
                make_folder(path.parent.parent)
                path.parent.mkdir(NOBODY_ELSE, exist_ok=True)
                path.touch(0o600)
            self._seen = path.stat().st_mtime_ns
        except (OSError, RuntimeError) as error:
            self.trouble = str(error)
        return self._seen != before


def leave_hint(project: int | None) -> None:
    """Touch the file of a project that is or was watched; None = of every such project."""
    now = time.time_ns()  # the file system's own clock is too coarse to tell two hints apart
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: this user has no home folder, thus no watch
        for path in _folder().glob("*" if project is None else str(project)):
            try:
                os.utime(path, ns=(now, now))
            except OSError as error:
                _warn_once(path, str(error))


@functools.cache
def _warn_once(path: Path, why: str) -> None:
    logger.warning("%s: a watch gets no hints of changes (%s); run it and the server as the same user", path, why)


def _folder() -> Path:
    """Give the folder of the files.

    Raises:
        RuntimeError: the user has no home folder.
    """
    return data_folder() / "hints"
