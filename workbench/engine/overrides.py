"""Overrides: `--train.epochs 3` on the command line changes a key of the recipe."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from workbench.errors import UsageProblem, unknown


def parse_overrides(extra: Sequence[str]) -> list[tuple[str, str]]:
    """`--train.epochs 3` and `--train.epochs=3` as pairs of key and text.

    Raises:
        UsageProblem: something else stands there.
    """
    pairs, words = [], list(extra)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise UsageProblem(f"unexpected argument {word!r}", remedy="Overrides look like --train.epochs 3")
        key, equals, value = word[2:].partition("=")
        if not equals:
            if not words:
                raise UsageProblem(f"--{key} has no value", remedy="Overrides look like --train.epochs 3")
            value = words.pop(0)
        pairs.append((key, value))
    return pairs


def override(values: dict[str, Any], dotted: str, text: str) -> None:
    """Set `dotted` (`train.epochs`, `compress.int8.per_channel`, `import.0.source`) to a TOML value or text."""
    *parents, last = dotted.split(".")
    place: Any = values
    for part in parents:
        place = _inside(place, part, dotted)
    if not isinstance(place, dict):
        raise UsageProblem(f"--{dotted} does not lead to a key")
    place[last] = _value(text)


def _inside(place: Any, part: str, dotted: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(part, {})
    if isinstance(place, list) and all(isinstance(entry, dict) for entry in place):
        if part.isdecimal() and int(part) < len(place):
            return place[int(part)]
        named = [entry for entry in place if part in (entry.get("use"), entry.get("reader"))]
        if len(named) == 1:
            return named[0]
        known = [str(entry.get("use") or entry.get("reader")) for entry in place]
        raise unknown("entry", part, known, where=f"--{dotted}")
    raise UsageProblem(f"--{dotted} does not lead to a key")


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
