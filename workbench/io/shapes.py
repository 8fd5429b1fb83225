"""Check keys and types of JSON that was read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.errors import WorkbenchError

Shape = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
MAYBE_INT = (int, type(None))
REMEDY = "Restore the file from a backup, or make it again"
WORDS = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def check_shape(value: Any, shape: Shape, where: object) -> None:
    """Check that a JSON value is an object with the keys and types of `shape`; other keys are allowed.

    Raises:
        WorkbenchError: a key is missing or its value has another type; the message names the first such key.
    """
    if not isinstance(value, dict):
        raise WorkbenchError(f"is {_kind(value)}, expected an object", where=where, remedy=REMEDY)
    for key, kinds in shape.items():
        if key not in value:
            raise WorkbenchError(f"{key!r} is missing", where=where, remedy=REMEDY)
        expected = kinds if isinstance(kinds, tuple) else (kinds,)
        if type(value[key]) not in expected:
            words = " or ".join(WORDS[kind] for kind in expected if kind is not int or float not in expected)
            raise WorkbenchError(f"{key!r} is {_kind(value[key])}, expected {words}", where=where, remedy=REMEDY)


def _kind(value: Any) -> str:
    return WORDS[type(value)]
