"""Durable files: what is written here is on disk, whole, or not there at all."""

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
    """Write JSON (UTF-8, sorted keys) into a folder that is not yet published."""
    path.write_text(dumps(value), encoding="utf-8")


def replace_json(path: Path, value: Any) -> None:
    """Replace a JSON file atomically: a reader sees the old one or the new one, also after a crash."""
    replace_text(path, dumps(value))


def replace_text(path: Path, text: str) -> None:
    """Replace a text file (UTF-8) atomically, as `replace_json` does."""
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
    """JSON as this project writes it: readable, sorted, ending in a newline."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        WorkbenchError: the file is missing, is no UTF-8 or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise WorkbenchError(f"is not readable JSON ({error})", where=path) from error


def read_lines(path: str | Path) -> list[str]:
    """The lines of a text file in UTF-8 that are not blank, without a byte order mark and white space around them.

    Lines end with a line feed, a carriage return before it or not, and nowhere else: other separators of Unicode can
    stand inside a text.

    Raises:
        WorkbenchError: the file cannot be read, is no UTF-8, or holds no text.
    """
    where, remedy = Path(path).expanduser(), "Give a text file in UTF-8, a text a line"
    try:
        lines = where.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise WorkbenchError(f"cannot be read ({reason})", where=where, remedy=remedy) from None
    if not (texts := [text for line in lines if (text := line.strip())]):
        raise WorkbenchError("holds no text", where=where, remedy=remedy)
    return texts


def refuse_existing(path: Path) -> None:
    """Raise when something stands at `path`."""
    if path.exists():
        raise WorkbenchError(
            "exists already and is not overwritten", where=path, remedy="Choose another name, or remove it first"
        )


def make_folder(path: Path) -> None:
    """Make a folder and the parents that it lacks; their entries are on disk afterwards."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        fsync_path(folder.parent)


def publish(staged: Path, final: Path) -> None:
    """Flush the folder `staged` and everything in it, then rename it to `final`.

    Raises:
        WorkbenchError: `final` exists already; nothing published is ever overwritten.
    """
    for path in sorted(staged.rglob("*")):
        if path.is_symlink():
            raise WorkbenchError("a published folder holds no links", where=path)
        fsync_path(path)
    fsync_path(staged)
    refuse_existing(final)
    os.rename(staged, final)
    fsync_path(final.parent)


class Staging:
    """A hidden sibling of `final` that becomes `final` when the block ends well, and nothing when it does not.

    `with Staging(final) as folder: ...` writes into `folder`. What an earlier, killed attempt left is removed first.
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
        """Publish nothing, also when the block ends well."""
        self.dropped = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self.dropped:
                publish(self.folder, self.final)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
