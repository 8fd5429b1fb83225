"""Read text files of users, with a one-line error for each kind of damage."""

from __future__ import annotations

import gzip
import logging
import zlib
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.io.encoding import Decoded, MixedEncodings, decode
from workbench.text.normalization import INVISIBLE, well_formed

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)
GZIP = b"\x1f\x8b"
AGAIN = "Copy or download the file again"


def read_source(path: Path) -> str:
    """Read a text file, gzipped or not. A warning names the encoding of a file that is not UTF-8.

    The other encodings are UTF-16, GB18030 (which includes GBK) and Windows-1252; see `workbench.io.encoding`.

    Raises:
        WorkbenchError: the file is missing, a folder, unreadable, empty, a damaged gzip file, or of no known encoding.
    """
    text, encoding = decode_source(path)
    if encoding != "utf-8":
        logger.warning("%s is not UTF-8; it is read as %s", well_formed(path.name), encoding.upper())
    return text


def decode_source(path: Path) -> Decoded:
    """Read a text file as `read_source` does, and return the encoding instead of a warning.

    Raises:
        WorkbenchError: as in `read_source`.
    """
    data = _bytes(path)
    if data.startswith(GZIP):
        data = _unzip(path, data)
    try:
        decoded = decode(data)
    except MixedEncodings as error:
        raise WorkbenchError(str(error), where=path, remedy="Save the whole file as UTF-8") from None
    except UnicodeDecodeError as error:
        raise WorkbenchError(
            f"is neither UTF-8, UTF-16, GB18030 nor Windows-1252: {error.reason} at byte {error.start}",
            where=path,
            remedy="Save the file as UTF-8, or run: iconv -f ENCODING -t UTF-8 OLD > NEW",
        ) from None
    if not decoded.text.strip():
        raise WorkbenchError("is empty", where=path, remedy=AGAIN)
    return decoded


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
