"""What annotators see in place of an intent, from a file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from workbench.api import WorkbenchError
from workbench.api.io import read_source

FORMS = 'A CSV with the columns intent and name, or JSON: {"intent": "name"}'


def read_names(path: Path) -> dict[str, str]:
    """Intent -> what is shown.

    Args:
        path: a CSV with the columns `intent` and `name`, or a JSON object.

    Raises:
        WorkbenchError: it is neither, or an intent stands twice with different names.
    """
    text = read_source(path)
    names: dict[str, str] = {}
    for intent, name in _from_json(path, text) if text.lstrip().startswith("{") else _from_csv(path, text):
        if not intent or not name:
            raise WorkbenchError(f"the intent {intent!r} has the name {name!r}", where=path, remedy=FORMS)
        if names.setdefault(intent, name) != name:
            raise WorkbenchError(f"{intent!r} has two names: {names[intent]!r} and {name!r}", where=path)
    return names


def _from_json(path: Path, text: str) -> list[tuple[str, str]]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise WorkbenchError(f"is no JSON ({error})", where=path, remedy=FORMS) from None
    if not all(isinstance(name, str) for name in value.values()):
        raise WorkbenchError("holds a name that is no text", where=path, remedy=FORMS)
    return [(intent, name.strip()) for intent, name in value.items()]


def _from_csv(path: Path, text: str) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"intent", "name"} <= set(rows.fieldnames or ()):
        raise WorkbenchError("does not have the columns intent and name", where=path, remedy=FORMS)
    return [(row["intent"], (row["name"] or "").strip()) for row in rows]
