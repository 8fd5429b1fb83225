"""Read, write, digest and lock files."""

from __future__ import annotations

from workbench.io.csv_lines import check_header, csv_lines
from workbench.io.digests import digest_file, digest_folder, digest_json, digest_path
from workbench.io.files import (
    Staging,
    fsync_path,
    make_folder,
    read_json,
    read_lines,
    refuse_existing,
    replace_json,
    replace_text,
    write_json,
)
from workbench.io.lock import locked
from workbench.io.shapes import check_shape
from workbench.io.sources import decode_source, is_blank, read_source

__all__ = [
    "Staging",
    "check_header",
    "check_shape",
    "csv_lines",
    "decode_source",
    "digest_file",
    "digest_folder",
    "digest_json",
    "digest_path",
    "fsync_path",
    "is_blank",
    "locked",
    "make_folder",
    "read_json",
    "read_lines",
    "read_source",
    "refuse_existing",
    "replace_json",
    "replace_text",
    "write_json",
]
