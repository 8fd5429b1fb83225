"""The scripts that texts are written in, by the first word of a letter's Unicode name: LATIN, CJK, HANGUL."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def script(character: str) -> str | None:
    """The script of a letter; None for digits, punctuation, marks and whatever else belongs to no script."""
    if not unicodedata.category(character).startswith("L"):
        return None
    return unicodedata.name(character, "UNNAMED").partition(" ")[0].partition("-")[0]


def scripts_of(texts: Iterable[str]) -> set[str]:
    """The scripts of all letters in the texts."""
    return {name for character in set().union(*texts) if (name := script(character)) is not None}
