"""Named, versioned text normalisations: what training used travels in the bundle and is applied when serving.

A name's result never changes; a better rule gets a new name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from workbench.errors import unknown

ROUNDS = 8
# ftfy takes quadratic time for mojibake or entities in one another, so it sees this much at a time; a piece ends before
# ASCII or what the first byte of a UTF-8 sequence is misread as, so that no sequence is cut
PIECE = re.compile(r".{1,512}(?=[ -~\u00c2-\u00f4]|\Z)|.{1,512}", re.DOTALL)
SOUND = re.compile(r"[!-%'-;=-~]+(?: [!-%'-;=-~]+)*")  # printable ASCII without "&" and "<": nothing in it changes
PLAIN = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff]+")

EMOJI = r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\ufeff\ufff9-\ufffc\U000e0000-\U000e007f]"
    rf"|(?<!{EMOJI})\u200d|\u200d(?!{EMOJI})"
)

# Only what editors and mail programs write is a tag: "a<b and c>d" and "<order number>" are what customers write.
INLINE = "a|abbr|b|del|em|font|i|ins|o:p|s|span|strike|strong|sub|sup|u"
BLOCK = (
    "blockquote|body|br|center|dd|div|dl|dt|h[1-6]|head|hr|html|iframe|img|li|meta|ol|p|pre|script|style|table"
    "|tbody|td|tfoot|th|thead|tr|ul"
)
ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)"""
TAG = re.compile(rf"<(?:/?(?:(?P<inline>{INLINE})|{BLOCK})(?:{ATTRIBUTE})*\s*/?|!--[^<>]*--)>", re.IGNORECASE)


def repair_1(text: str) -> str:
    """Mend mojibake (ftfy), HTML entities and tags, NFKC, zero-width and control characters, runs of white space.

    The steps are repeated until nothing changes, so a repaired text is its own repair. Of a text that is nested deeper
    than `ROUNDS`, which only malice writes, the ASCII letters, digits and Chinese characters stay. Time is linear in
    the length.
    """
    if SOUND.fullmatch(text):  # as most texts are; asking ftfy takes longer than their tokens do
        return text
    for _ in range(ROUNDS):
        before, text = text, _repair_once(text)
        if text == before:
            return text
    return PLAIN.sub(" ", text).strip()


def _repair_once(text: str) -> str:
    import ftfy

    # "auto" would leave entities alone where a "<" stands
    pieces = PIECE.findall(text.replace("\v", "\n"))
    text = "".join(ftfy.fix_text(piece, unescape_html=True) for piece in pieces)
    # NFKC would make an apostrophe typed as an acute accent a space and a combining mark
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))
    text = TAG.sub(lambda tag: "" if tag["inline"] else " ", INVISIBLE.sub("", text))
    return " ".join(text.split())


NORMALIZATIONS: dict[str, Callable[[str], str]] = {"none": str, "repair-1": repair_1}


def normalize(name: str, text: str) -> str:
    """The text after the normalisation called `name`.

    Raises:
        UsageProblem: there is none of that name; the bundle may come from a newer version.
    """
    if name not in NORMALIZATIONS:
        raise unknown("text normalisation", name, NORMALIZATIONS)
    return NORMALIZATIONS[name](text)


def well_formed(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair that stands alone; JSON can hold one, UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_key(text: str) -> str:
    """What two texts share that count as the same: NFKC, case and white space aside."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
