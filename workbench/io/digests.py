"""sha256 digests of JSON values, files and folders. They do not depend on absolute paths or on time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def digest_json(value: Any) -> str:
    """Compute the sha256 (hex) of a JSON value in canonical form: sorted keys, no white space, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_file(path: Path) -> str:
    """Compute the sha256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_folder(folder: Path) -> str:
    """Compute the sha256 (hex) of the relative paths and bytes of every file under `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_json({path.relative_to(folder).as_posix(): digest_file(path) for path in files})


def digest_sources(folder: Path) -> str:
    """Compute the sha256 (hex) of the relative paths and bytes of a package's files, except byte code."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".pyc")
    return digest_json({path.relative_to(folder).as_posix(): digest_file(path) for path in files})


def digest_path(path: Path) -> str:
    """Compute the sha256 (hex) of a file or a folder."""
    return digest_folder(path) if path.is_dir() else digest_file(path)
