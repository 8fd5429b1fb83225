"""Read the files of an export: one file, a folder or a zip archive."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.io import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LARGEST_ARCHIVE = 512 * 2**20  # bytes, unpacked


def export_files(path: Path, suffixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each file of an export, sorted by name.

    Args:
        path: one file with any suffix, a folder with its subfolders, or a zip archive.
        suffixes: lower-case suffixes of the files to read, such as `.json`.

    Raises:
        WorkbenchError: the path is missing, or a file cannot be read.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix.lower() in suffixes and file.stat().st_size:
                yield file.relative_to(path).as_posix(), read_source(file)
    elif zipfile.is_zipfile(path):
        yield from _zipped(path, suffixes)
    else:
        yield path.name, read_source(path)


def any_file(path: Path, suffixes: Sequence[str], match: Callable[[str, str], bool]) -> bool:
    """Return whether a file of an export matches; False for files with another suffix."""
    if not path.is_dir() and path.suffix not in (*suffixes, ".zip"):
        return False
    return any(match(name, text) for name, text in export_files(path, suffixes))


def parse_json(text: str, where: str) -> Any:
    """Parse the JSON of an exported file.

    Raises:
        WorkbenchError: the text is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(f"is not valid JSON ({error})", where=where, remedy="Export the file again") from None


def _zipped(path: Path, suffixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if Path(member.filename).suffix.lower() in suffixes]
            size = sum(member.file_size for member in members)
            if size > LARGEST_ARCHIVE:
                raise WorkbenchError(
                    f"unpacks to {size / 1e6:,.0f} MB; the limit is {LARGEST_ARCHIVE / 1e6:,.0f} MB",
                    where=path,
                    remedy="Unpack the archive, and use its folder as the source",
                )
            for member in sorted(members, key=lambda member: member.filename):
                if member.file_size:
                    yield member.filename, archive.read(member).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkbenchError(f"{member.filename} is not UTF-8 ({error.reason})", where=path) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise WorkbenchError(
            f"cannot be read as a zip archive ({error})",
            where=path,
            remedy="Export the archive again, without a password",
        ) from None
