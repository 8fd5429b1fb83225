"""Check the shape of JSON that was read from a file, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.errors import WorkbenchError

Shape = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
MAYBE_INT = (int, type(None))
WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    type(None): "null",
}


def check_shape(value: Any, shape: Shape, where: object) -> None:
    """Raise unless `value` is a table that has every key of `shape` with a value of that kind; more keys may be there.

    Raises:
        WorkbenchError: naming the first key that is missing or of another kind.
    """
    if not isinstance(value, dict):
        raise WorkbenchError(f"is {_kind(value)}, expected a table", where=where)
    for key, kinds in shape.items():
        if key not in value:
            raise WorkbenchError(f"{key!r} is missing", where=where)
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        if type(value[key]) not in wanted:
            words = " or ".join(WORDS[kind] for kind in wanted if kind is not int or float not in wanted)
            raise WorkbenchError(f"{key!r} is {_kind(value[key])}, expected {words}", where=where)


def _kind(value: Any) -> str:
    return WORDS[type(value)]
