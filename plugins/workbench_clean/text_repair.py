"""The normalization `repair-1`: repair encoding errors, markup, full-width and invisible characters, and white space.

The rules of `repair-1` never change; better rules get a new name.
"""

from __future__ import annotations

import re
import unicodedata

from workbench.api.text import INVISIBLE

MAX_ROUNDS = 8
# ftfy takes quadratic time for nested mojibake or entities, so a long text is split into pieces. A piece ends before an
# ASCII character, or before the misread first byte of a UTF-8 sequence, so that no sequence is split.
PIECE = re.compile(r".{1,512}(?=[ -~\u00c2-\u00f4]|\Z)|.{1,512}", re.DOTALL)
UNCHANGED = re.compile(r"[!-%'-;=-~]+(?: [!-%'-;=-~]+)*")  # printable ASCII without "&" and "<" needs no repair
PLAIN = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff]+")

# Only tags of editors and mail programs are removed; customers write "a<b and c>d" or "<order number>".
INLINE = "a|abbr|b|del|em|font|i|ins|o:p|s|span|strike|strong|sub|sup|u"
BLOCK = (
    "blockquote|body|br|center|dd|div|dl|dt|h[1-6]|head|hr|html|iframe|img|li|meta|ol|p|pre|script|style|table"
    "|tbody|td|tfoot|th|thead|tr|ul"
)
ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)"""
TAG = re.compile(rf"<(?:/?(?:(?P<inline>{INLINE})|{BLOCK})(?:{ATTRIBUTE})*\s*/?|!--[^<>]*--)>", re.IGNORECASE)


def repair_1(text: str) -> str:
    """Repair mojibake (ftfy), HTML entities and tags, full-width, zero-width and control characters, and white space.

    The steps are repeated until nothing changes, so the function is idempotent. A malicious text may be nested deeper
    than `MAX_ROUNDS`; only its ASCII letters, digits and Chinese characters stay. Time is linear in the length.
    """
    if UNCHANGED.fullmatch(text):  # true for most texts; ftfy would take longer than the tokenizer
        return text
    for _ in range(MAX_ROUNDS):
        before, text = text, _repair_once(text)
        if text == before:
            return text
    return PLAIN.sub(" ", text).strip()


def _repair_once(text: str) -> str:
    import ftfy

    # the default "auto" would skip entities in a text with "<"
    pieces = PIECE.findall(text.replace("\v", "\n"))
    text = "".join(ftfy.fix_text(piece, unescape_html=True) for piece in pieces)
    # NFKC would turn an acute accent, often typed as an apostrophe, into a space and a combining mark
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))
    text = TAG.sub(lambda tag: "" if tag["inline"] else " ", INVISIBLE.sub("", text))
    return " ".join(text.split())
