"""Forms of a text that no plugin decides: well-formed Unicode, and the key under which texts count as the same."""

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
    """The text with U+FFFD for each half of a surrogate pair that stands alone; JSON can hold one, UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_key(text: str) -> str:
    """What two texts share that count as the same: NFKC, case and white space aside."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
