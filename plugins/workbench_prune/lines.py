"""Texts of a file, one a line."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import WorkbenchError

REMEDY = "Give a text file in UTF-8, a text a line"


def read_lines(name: str) -> list[str]:
    """The lines that are not blank.

    Raises:
        WorkbenchError: there is no such file, it is no UTF-8, or it is blank.
    """
    path = Path(name).expanduser()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise WorkbenchError(f"cannot be read ({reason})", where=path, remedy=REMEDY) from None
    if not (texts := [line for line in lines if line]):
        raise WorkbenchError("holds no text", where=path, remedy=REMEDY)
    return texts
