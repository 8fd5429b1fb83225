"""Lock of a folder. The operating system releases the lock when its process is killed."""

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
    folder: Path,
    *,
    where: object = None,
    remedy: str = "Wait until that process ends, or choose another folder with -o",
    timeout: float = 0,
) -> Iterator[None]:
    """Lock an existing folder for this process.

    Args:
        folder: the folder to lock.
        where: first part of the error message; None = the folder.
        remedy: last part of the error message.
        timeout: seconds to wait for another process.

    Raises:
        WorkbenchError: another process holds the lock; the message names the process and its machine.
    """
    # imported late: on a system without file locks the import logs a warning
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=timeout, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WorkbenchError(f"is in use by {_holder(folder)}", where=where or folder, remedy=remedy) from None
    try:
        # a separate file, because some releases of filelock truncate the lock file before they wait
        (folder / HOLDER).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):  # before the release, so that the file of the next holder is never deleted
            (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
