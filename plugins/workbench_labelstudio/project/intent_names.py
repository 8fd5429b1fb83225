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
    text, names = read_source(path), dict[str, str]()
    if text.lstrip().startswith("{"):
        try:
            pairs = list(json.loads(text).items())
        except ValueError as error:
            raise WorkbenchError(f"is no JSON ({error})", where=path, remedy=FORMS) from None
    else:
        rows = csv.DictReader(io.StringIO(text, newline=""))
        if not {"intent", "name"} <= set(rows.fieldnames or ()):
            raise WorkbenchError("does not have the columns intent and name", where=path, remedy=FORMS)
        pairs = [(row["intent"], row["name"] or "") for row in rows]
    for intent, name in pairs:
        if not isinstance(name, str):
            raise WorkbenchError("holds a name that is no text", where=path, remedy=FORMS)
        if not intent or not name.strip():
            raise WorkbenchError(f"the intent {intent!r} has the name {name!r}", where=path, remedy=FORMS)
        if names.setdefault(intent, name.strip()) != name.strip():
            raise WorkbenchError(f"{intent!r} has two names: {names[intent]!r} and {name.strip()!r}", where=path)
    return names
