"""Augmenters: typing errors in texts of Latin script and in Chinese, and copies with fewer words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.api import Augmenter, hookimpl, option


@dataclass(frozen=True)
class TypoOptions:
    """The number of copies, and the share of errors in each copy."""

    copies: int = option(1, "number of copies per chosen utterance", ge=1)
    rate: float = option(0.3, "share of the utterances that get copies", ge=0.0, le=1.0)
    errors: float = option(0.15, "share of the words with an error in each copy; at least one word", ge=0.0, le=1.0)


@dataclass(frozen=True)
class ChineseTypoOptions(TypoOptions):
    """The number of copies, and the share of errors in each copy, counted in characters."""

    errors: float = option(
        0.1, "share of the characters with an error in each copy; at least one character", ge=0.0, le=1.0
    )


@dataclass(frozen=True)
class WordOptions(TypoOptions):
    """The number of copies, and the share of removed words in each copy."""

    rate: float = option(1.0, "share of the utterances that get copies", ge=0.0, le=1.0)
    errors: float = option(0.15, "probability of removing each word, or each Chinese character", ge=0.0, le=1.0)


@hookimpl
def augmenters() -> Mapping[str, Augmenter]:
    """Register `typos` (Latin script), `typos-zh` (Chinese characters) and `words`."""
    return {
        "typos": Augmenter(
            run="workbench_augment.latin:typos",
            options=TypoOptions,
            summary="add copies with neighbouring keys, swapped, dropped and doubled letters",
        ),
        "typos-zh": Augmenter(
            run="workbench_augment.chinese:typos",
            options=ChineseTypoOptions,
            summary="add copies with dropped, swapped, repeated and full-width characters",
        ),
        "words": Augmenter(
            run="workbench_augment.words:words",
            options=WordOptions,
            summary="add copies with dropped and swapped words, mainly as unlabelled texts for distillation",
            for_distillation=True,
        ),
    }
