"""The words of a text; where a script has no spaces, a character counts as one."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
WORD = re.compile(rf"({HAN.pattern}|(?:(?!{HAN.pattern})\S)+)(\s*)")


def words_of(text: str) -> list[tuple[str, str]]:
    """Each word, and the white space behind it."""
    return WORD.findall(text)


def joined(pairs: list[tuple[str, str]]) -> str:
    """The text of such words, without white space at its ends."""
    return "".join(word + space for word, space in pairs).strip()
