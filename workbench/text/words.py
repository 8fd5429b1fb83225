"""The words of a text. Each Chinese character counts as one word."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
WORD = re.compile(rf"({HAN.pattern}|(?:(?!{HAN.pattern})\S)+)(\s*)")


def words_of(text: str) -> list[tuple[str, str]]:
    """Split a text into pairs of a word and the white space after it."""
    return WORD.findall(text)


def joined(pairs: list[tuple[str, str]]) -> str:
    """Join pairs from `words_of` into a text without white space at its ends."""
    return "".join(word + space for word, space in pairs).strip()
