"""Augmenters: the slips of hurried customers, in texts of Latin script and in Chinese; and shortened texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.api import Augmenter, hookimpl, option


@dataclass(frozen=True)
class TypoOptions:
    """How many copies are made, and how wrong they are."""

    copies: int = option(1, "copies of an utterance that gets any", ge=1)
    rate: float = option(0.3, "share of the utterances that get copies", ge=0.0, le=1.0)
    errors: float = option(0.15, "share of the words that are touched in a copy, one at least", ge=0.0, le=1.0)


@dataclass(frozen=True)
class ChineseTypoOptions(TypoOptions):
    """The same, counted in characters."""

    errors: float = option(0.1, "share of the characters that are touched in a copy, one at least", ge=0.0, le=1.0)


@dataclass(frozen=True)
class WordOptions(TypoOptions):
    """How many copies are made, and how much of each is missing."""

    rate: float = option(1.0, "share of the utterances that get copies", ge=0.0, le=1.0)
    errors: float = option(0.15, "probability of a word, in Chinese of a character, to be left out", ge=0.0, le=1.0)


@hookimpl
def augmenters() -> Mapping[str, Augmenter]:
    """`typos` and `typos-zh`, each of which leaves the other's script alone, and `words`."""
    return {
        "typos": Augmenter(
            run="workbench_augment.latin:typos",
            options=TypoOptions,
            summary="copies with neighbouring keys, swapped, dropped and doubled letters",
        ),
        "typos-zh": Augmenter(
            run="workbench_augment.chinese:typos",
            options=ChineseTypoOptions,
            summary="copies with dropped, swapped, repeated and full-width characters",
        ),
        "words": Augmenter(
            run="workbench_augment.words:words",
            options=WordOptions,
            summary="copies with words left out and swapped, of use above all where a teacher answers them",
            for_distillation=True,
        ),
    }
