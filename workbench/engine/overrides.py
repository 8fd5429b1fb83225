"""Overrides of recipe keys on the command line, such as `--train.epochs 3`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from workbench.errors import UsageProblem, unknown


def parse_overrides(extra: Sequence[str]) -> list[tuple[str, str]]:
    """Parse arguments such as `--train.epochs 3` and `--train.epochs=3` into pairs of key and text.

    Raises:
        UsageProblem: an argument has another form, or a key has no value.
    """
    pairs, words = [], list(extra)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise UsageProblem(f"unexpected argument {word!r}", remedy="Write overrides as --train.epochs 3")
        key, equals, value = word[2:].partition("=")
        if not equals:
            if not words:
                raise UsageProblem(f"--{key} has no value", remedy="Write overrides as --train.epochs 3")
            value = words.pop(0)
        pairs.append((key, value))
    return pairs


def override(values: dict[str, Any], dotted: str, text: str) -> None:
    """Set a key of a recipe to a TOML value; text that is not TOML becomes a string.

    Args:
        values: the recipe, which is changed in place.
        dotted: the key, such as `train.epochs`, `compress.int8.per_channel` or `import.0.source`.
        text: the new value.

    Raises:
        UsageProblem: the recipe has no table or list entry for a part of the key.
    """
    *parents, last = dotted.split(".")
    table: Any = values
    for part in parents:
        table = _child(table, part, dotted)
    if not isinstance(table, dict):
        raise _no_key(dotted)
    table[last] = _value(text)


def _child(parent: Any, part: str, dotted: str) -> Any:
    if isinstance(parent, dict):
        return parent.setdefault(part, {})
    if isinstance(parent, list) and all(isinstance(entry, dict) for entry in parent):
        if part.isdecimal() and int(part) < len(parent):
            return parent[int(part)]
        matches = [entry for entry in parent if part in (entry.get("use"), entry.get("reader"))]
        if len(matches) == 1:
            return matches[0]
        known = [str(entry.get("use") or entry.get("reader")) for entry in parent]
        raise unknown("entry", part, known, where=f"--{dotted}")
    raise _no_key(dotted)


def _no_key(dotted: str) -> UsageProblem:
    return UsageProblem(
        "is not a key of the recipe", where=f"--{dotted}", remedy="See the keys with: workbench plugins --options"
    )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
