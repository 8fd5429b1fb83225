"""The lock of a run folder. It is the kernel's: a killed run leaves none behind."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import WorkbenchError


@contextmanager
def locked(folder: Path, *, where: object = None, remedy: str = "Wait for it, or give another -o") -> Iterator[None]:
    """Hold `folder` for this process.

    Args:
        folder: to hold.
        where: what is in use while somebody else holds it, for the message; None = the folder.
        remedy: what to do then.

    Raises:
        WorkbenchError: another process holds it; the message says which.
    """
    with (folder / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise WorkbenchError(f"is in use by {holder}", where=where or folder, remedy=remedy) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield
