"""Named, versioned text normalisations: what training used travels in the bundle and is applied when serving.

A name's result never changes; a better rule gets a new name.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

from workbench.errors import unknown

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
SPACE = re.compile(r"\s+")


def repair_1(text: str) -> str:
    """Mend mojibake (ftfy), HTML entities and tags, NFKC, zero-width and control characters, runs of white space.

    An emoji joined by a zero-width joiner falls apart into its parts; the meaning for an intent stays.
    """
    import ftfy

    text = ftfy.fix_text(html.unescape(text))
    text = unicodedata.normalize("NFKC", TAG.sub(" ", text))
    return SPACE.sub(" ", INVISIBLE.sub("", text)).strip()


NORMALIZATIONS: dict[str, Callable[[str], str]] = {"none": str, "repair-1": repair_1}


def normalize(name: str, text: str) -> str:
    """The text after the normalisation called `name`.

    Raises:
        UsageProblem: there is none of that name; the bundle may come from a newer version.
    """
    if name not in NORMALIZATIONS:
        raise unknown("text normalisation", name, NORMALIZATIONS)
    return NORMALIZATIONS[name](text)


def text_key(text: str) -> str:
    """What two texts share that count as the same: NFKC, case and white space aside."""
    return SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
