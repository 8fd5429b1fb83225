"""The normalization `repair-1`: mend encoding errors, markup, full-width and invisible characters, and white space.

The result for a name never changes; a better rule gets a new name.
"""

from __future__ import annotations

import re
import unicodedata

from workbench.api.text import INVISIBLE

ROUNDS = 8
# ftfy takes quadratic time for mojibake or entities in one another, so it sees this much at a time; a piece ends before
# ASCII or what the first byte of a UTF-8 sequence is misread as, so that no sequence is cut
PIECE = re.compile(r".{1,512}(?=[ -~\u00c2-\u00f4]|\Z)|.{1,512}", re.DOTALL)
SOUND = re.compile(r"[!-%'-;=-~]+(?: [!-%'-;=-~]+)*")  # printable ASCII without "&" and "<": nothing in it changes
PLAIN = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff]+")

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
