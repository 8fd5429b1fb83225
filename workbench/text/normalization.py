"""Normalizations of texts that do not depend on plugins: well-formed Unicode, and the key of equal texts."""

from __future__ import annotations

import re
import unicodedata

EMOJI = r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\ufeff\ufff9-\ufffc\U000e0000-\U000e007f]"
    rf"|(?<!{EMOJI})\u200d|\u200d(?!{EMOJI})"
)


def well_formed(text: str) -> str:
    """Replace unpaired surrogates by U+FFFD: JSON may hold an unpaired surrogate, but UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_key(text: str) -> str:
    """Key under which two texts count as equal: NFKC, casefolded, with single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
