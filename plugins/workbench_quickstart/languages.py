"""Identify the languages of a dataset's texts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from workbench.api import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.api import Dataset

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
KANA = re.compile(r"[\u3040-\u30ff]")
LETTER = re.compile(r"[^\W\d_]")
HAN_SHARE = 0.3  # of the letters: Chinese texts name products in Latin letters
TOGETHER = 20  # texts to identify as one; the identification of one short text is unreliable
MIN_SHARE = 0.02  # of the texts; a language with a smaller share is an error of the identification


def languages(dataset: Dataset) -> dict[str, float]:
    """Identify the languages of a dataset: ISO 639-1 code -> share of the texts, the largest first.

    A language that a row states has precedence. Texts in Han characters without kana are Chinese. py3langid identifies
    the other texts, `TOGETHER` at a time.
    """
    counts: Counter[str] = Counter(row.language for row in dataset if row.language)
    other: list[str] = []
    for text in (row.text for row in dataset if not row.language):
        if is_chinese(text):
            counts["zh"] += 1
        elif LETTER.search(text):
            other.append(text)
    counts.update(_identified(other))
    total = sum(counts.values())
    return {code: count / total for code, count in counts.most_common() if count >= MIN_SHARE * total}


def is_chinese(text: str) -> bool:
    """Return whether many letters of a text are Han characters, and none is kana."""
    letters = LETTER.findall(text)
    return bool(letters) and len(HAN.findall(text)) >= HAN_SHARE * len(letters) and not KANA.search(text)


def _identified(texts: Sequence[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    if texts:
        classify = resolve("py3langid:classify", "data")
        for chunk in _chunks(texts):
            counts[classify(" ".join(chunk))[0]] += len(chunk)
    return counts


def _chunks(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + TOGETHER] for start in range(0, len(texts), TOGETHER)]
