"""Atomic and durable file operations. After a crash a file or folder is complete, or does not exist."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError


def fsync_path(path: Path) -> None:
    """Flush a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write JSON (UTF-8, sorted keys) into a folder that is not published yet; the write is not atomic."""
    path.write_text(dumps(value), encoding="utf-8")


def replace_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically: readers see the old file or the new file, even after a crash."""
    replace_text(path, dumps(value))


def replace_text(path: Path, text: str) -> None:
    """Replace a text file (UTF-8) atomically: readers see the old file or the new file, even after a crash."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with staged.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(staged, path)
    finally:
        staged.unlink(missing_ok=True)
    fsync_path(path.parent)


def dumps(value: Any) -> str:
    """Format a value as indented JSON with sorted keys and a final newline."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        WorkbenchError: the file is missing, or is not JSON in UTF-8.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise WorkbenchError(
            f"is not readable JSON ({error})", where=path, remedy="Restore the file from a backup, or make it again"
        ) from error


def read_lines(path: str | Path) -> list[str]:
    """Read the lines of a UTF-8 text file, stripped and without blank lines and byte order mark.

    Only LF and CR LF end a line, because other Unicode line separators occur inside texts.

    Raises:
        WorkbenchError: the file cannot be read, is not UTF-8, or has no text.
    """
    where, remedy = Path(path).expanduser(), "Use a text file in UTF-8 with one text per line"
    try:
        lines = where.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise WorkbenchError(f"cannot be read ({reason})", where=where, remedy=remedy) from None
    if not (texts := [text for line in lines if (text := line.strip())]):
        raise WorkbenchError("has no text", where=where, remedy=remedy)
    return texts


def refuse_existing(path: Path) -> None:
    """Raise if a file or folder exists at `path`.

    Raises:
        WorkbenchError: `path` exists.
    """
    if path.exists():
        raise WorkbenchError(
            "exists already and is not overwritten",
            where=path,
            remedy="Choose another path, or remove the existing file or folder first",
        )


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, and flush the new entries to disk."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        fsync_path(folder.parent)


def publish(staged: Path, final: Path) -> None:
    """Flush the folder `staged` with its files to disk, then rename the folder to `final`.

    Raises:
        WorkbenchError: `final` exists, or `staged` has a symbolic link.
    """
    for path in sorted(staged.rglob("*")):
        if path.is_symlink():
            raise WorkbenchError(
                "is a symbolic link, and only regular files are published",
                where=path,
                remedy="Change the component that wrote the link: it must copy the file",
            )
        fsync_path(path)
    fsync_path(staged)
    refuse_existing(final)
    os.rename(staged, final)
    fsync_path(final.parent)


class Staging:
    """Context manager that publishes the folder `final` only if its block ends without an exception.

    `with Staging(final) as folder: ...` writes into the hidden folder `folder` beside `final`. The hidden folder of an
    earlier killed process is removed first.

    Raises:
        WorkbenchError: `final` exists.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.folder = final.with_name(f".{final.name}.partial")
        self.dropped = False

    def __enter__(self) -> Path:
        refuse_existing(self.final)
        shutil.rmtree(self.folder, ignore_errors=True)
        make_folder(self.folder)
        return self.folder

    def drop(self) -> None:
        """Discard the folder at the end of the block instead of publishing it."""
        self.dropped = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self.dropped:
                publish(self.folder, self.final)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
