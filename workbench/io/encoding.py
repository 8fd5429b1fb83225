"""Decode the text of a file whose encoding nobody states."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAMPLE = 4096  # bytes that show UTF-16 without a byte order mark
NUL_SHARE = 0.02  # of every second byte: the delimiters of Chinese rows in UTF-16; text in other encodings has none
NUL_RATIO = 3  # between high and low bytes: a Chinese character may have a low byte of 0, but few have
GB_PAIR = re.compile(rb"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])")
GB2312_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
GB2312_SHARE = 0.9  # of the pairs; accented letters before plain ones make pairs outside GB2312
UTF8_SHARE = 0.2  # of the lines with bytes above 127; GBK makes short lines that happen to be valid UTF-8


class Decoded(NamedTuple):
    """A decoded text and the encoding that it was in."""

    text: str
    encoding: str


class MixedEncodings(ValueError):
    """A part of the data is UTF-8 and a part is not; `line` is the first one that is not."""

    def __init__(self, line: int) -> None:
        super().__init__(f"changes its encoding: most lines are UTF-8, line {line} is not")
        self.line = line


def decode(data: bytes) -> Decoded:
    """Decode UTF-8, UTF-16 (with or without a byte order mark), GB18030 (which includes GBK), or Windows-1252.

    UTF-8 is never guessed wrongly. Of the rest, data whose pairs of high bytes are nearly all in GB2312 are Chinese,
    and other data are Windows-1252.

    Raises:
        MixedEncodings: some lines are UTF-8 and others are not.
        UnicodeDecodeError: the data fit none of these encodings.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return Decoded(data.decode(name), name.removesuffix("-sig"))
    if wide := _wide(data):
        return Decoded(data.decode(wide), wide)
    try:
        return Decoded(data.decode(), "utf-8")
    except UnicodeDecodeError:
        _check_one_encoding(data)
    encoding = "gb18030" if _is_chinese(data) else "windows-1252"
    return Decoded(data.decode(encoding), encoding)


def _wide(data: bytes) -> str | None:
    """The name of UTF-16 without a byte order mark, if the data are that."""
    even, odd = data[0:SAMPLE:2].count(0), data[1:SAMPLE:2].count(0)
    least = NUL_SHARE * min(len(data), SAMPLE) / 2
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
