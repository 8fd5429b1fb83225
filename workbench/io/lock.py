"""The lock of a folder. It belongs to the operating system: a killed process leaves none behind."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workbench.errors import WorkbenchError

LOCK, HOLDER = ".lock", ".holder"
LOCK_FILES = (LOCK, HOLDER)


@contextmanager
def locked(
    folder: Path, *, where: object = None, remedy: str = "Wait for it, or give another -o", timeout: float = 0
) -> Iterator[None]:
    """Hold `folder` for this process.

    Args:
        folder: to hold; it exists.
        where: what is in use while somebody else holds the folder, for the message; None = the folder.
        remedy: what to do then.
        timeout: seconds to wait for another process.

    Raises:
        WorkbenchError: another process holds the folder; the message names the process and its machine.
    """
    from filelock import FileLock, Timeout  # when a lock is taken: the library warns where the system has none

    lock = FileLock(folder / LOCK, timeout=timeout, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WorkbenchError(f"is in use by {_holder(folder)}", where=where or folder, remedy=remedy) from None
    try:
        # not in the lock file itself, which some releases of the library truncate before they wait
        (folder / HOLDER).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):  # before the release: the next holder's name is never taken for this one's
            (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
