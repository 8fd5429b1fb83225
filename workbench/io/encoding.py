"""Detect the encoding of a text file, and decode the text."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAMPLE = 4096  # bytes to examine for UTF-16 without a byte order mark
NUL_SHARE = 0.02  # of every second byte: the delimiters of Chinese rows in UTF-16 have NUL bytes
ASCII_SHARE = 0.9  # of every second byte: ASCII text in UTF-16 is also valid UTF-8, but has NUL bytes nearly everywhere
NUL_RATIO = 3  # between high and low bytes: few Chinese characters have a low byte of 0
GB_PAIR = re.compile(rb"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])")
GB2312_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
GB2312_SHARE = 0.9  # of the pairs; accented letters before plain letters form pairs outside GB2312
UTF8_SHARE = 0.2  # of the lines with bytes above 127; a short line in GBK can be valid UTF-8 by chance


class Decoded(NamedTuple):
    """A decoded text, and the name of its encoding."""

    text: str
    encoding: str


class MixedEncodings(ValueError):
    """The error for data with lines in UTF-8 and lines in another encoding; `line` is the first of the other lines."""

    def __init__(self, line: int) -> None:
        super().__init__(f"changes its encoding: most lines are UTF-8, line {line} is not")
        self.line = line


def decode(data: bytes) -> Decoded:
    """Decode UTF-8, UTF-16 (with or without a byte order mark), GB18030 (which includes GBK), or Windows-1252.

    Valid UTF-8 is UTF-8, except for ASCII text in UTF-16. Other data are GB18030 if nearly all pairs of high bytes are
    in GB2312. The remaining data are Windows-1252.

    Raises:
        MixedEncodings: some lines are UTF-8 and others are not.
        UnicodeDecodeError: the data fit none of these encodings.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return Decoded(data.decode(name), name.removesuffix("-sig"))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    if utf16 := _utf16(data, NUL_SHARE if text is None else ASCII_SHARE):
        return Decoded(data.decode(utf16), utf16)
    if text is not None:
        return Decoded(text, "utf-8")
    _check_one_encoding(data)
    encoding = "gb18030" if _is_chinese(data) else "windows-1252"
    return Decoded(data.decode(encoding), encoding)


def _utf16(data: bytes, nul_share: float) -> str | None:
    """Return the name of the UTF-16 variant without a byte order mark; None for another encoding."""
    even, odd = data[0:SAMPLE:2].count(0), data[1:SAMPLE:2].count(0)
    least = nul_share * min(len(data), SAMPLE) / 2
    if odd > max(least, NUL_RATIO * even):
        return "utf-16-le"
    if even > max(least, NUL_RATIO * odd):
        return "utf-16-be"
    return None


def _check_one_encoding(data: bytes) -> None:
    valid, bad = 0, []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            bad.append(number)
        else:
            valid += 1
    if valid > UTF8_SHARE * (valid + len(bad)):
        raise MixedEncodings(bad[0])


def _is_chinese(data: bytes) -> bool:
    pairs = GB_PAIR.findall(data)
    common = sum(GB2312_PAIR.fullmatch(pair) is not None for pair in pairs)
    return bool(pairs) and common >= GB2312_SHARE * len(pairs)
