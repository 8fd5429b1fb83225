"""The augmenter `words`: words left out and swapped, after Wei & Zou 2019, arXiv 1901.11196.

Where a script has no spaces a character counts as a word. What negates stays, for without it the intent is another.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

from workbench.api import Context, Utterance
from workbench.api.text import joined, words_of
from workbench_augment import WordOptions
from workbench_augment.chinese import NEGATIONS
from workbench_augment.copies import Rng, make_copies

NEGATES = re.compile(rf"(?i)\b(?:no|not|never|none|cannot|without)\b|n['\u2019]?t\b|[{NEGATIONS}]")
SWAPPED = 0.5  # share of the copies


def words(
    utterances: Iterable[Utterance], rng: Rng, options: WordOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """`(parent id, text)`: see `make_copies`. A text of one word brings nothing."""
    return make_copies(utterances, rng, options, shorten)


def shorten(text: str, stream: random.Random, errors: float) -> str:
    """The text without each word with the probability `errors`; in every other copy two neighbours change places."""
    kept = [pair for pair in words_of(text) if NEGATES.search(pair[0]) or stream.random() >= errors]
    if len(kept) > 1 and stream.random() < SWAPPED:
        place = stream.randrange(len(kept) - 1)
        (one, first), (two, second) = kept[place : place + 2]
        kept[place : place + 2] = [(two, first), (one, second)]
    return joined(kept) if len(kept) > 1 else text
