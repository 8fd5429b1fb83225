"""Read text files of users, with a one-line error for each kind of damage."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.text.normalization import INVISIBLE

if TYPE_CHECKING:
    from pathlib import Path

GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
AGAIN = "Copy or download the file again"


def read_source(path: Path) -> str:
    """Read a text file in UTF-8, with or without a byte order mark, gzipped or not.

    Raises:
        WorkbenchError: the file is missing, a folder, unreadable, empty, a damaged gzip file, or not UTF-8.
    """
    data = _bytes(path)
    if data.startswith(GZIP):
        data = _unzip(path, data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WorkbenchError(
            f"is not UTF-8: {error.reason} at byte {error.start} (line {line})",
            where=path,
            remedy=f"Save the file as UTF-8, or run: iconv -f {_guess_encoding(data)} -t UTF-8 OLD > NEW",
        ) from None
    if not text.strip():
        raise WorkbenchError("is empty", where=path, remedy=AGAIN)
    return text


def is_blank(text: str) -> bool:
    """Whether a text has only white space, zero-width characters and control characters."""
    return not INVISIBLE.sub("", text).strip()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WorkbenchError("there is no such file", where=path, remedy="Check the path") from None
    except IsADirectoryError:
        raise WorkbenchError("is a folder, not a file", where=path, remedy="Use the path of a file") from None
    except OSError as error:
        raise WorkbenchError(
            f"cannot be read ({error.strerror})", where=path, remedy="Check the permissions of the file"
        ) from error


def _unzip(path: Path, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except EOFError:
        raise WorkbenchError("is a gzip file that ends too early", where=path, remedy=AGAIN) from None
    except (OSError, zlib.error) as error:
        raise WorkbenchError(f"is a damaged gzip file ({error})", where=path, remedy=AGAIN) from None


def _guess_encoding(data: bytes) -> str:
    if data.startswith(UTF16):
        return "UTF-16"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "WINDOWS-1252"
    return "GB18030"
