"""The augmenter `words`: drops and swaps words, as in Wei & Zou 2019, arXiv 1901.11196.

In a script without spaces, a character counts as a word. Negations stay, because a text without them has another
intent.
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
SWAP_SHARE = 0.5  # share of the copies with two swapped words


def words(
    utterances: Iterable[Utterance], rng: Rng, options: WordOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """Yield `(parent id, text)`, see `make_copies`; no copies of a text of one word."""
    return make_copies(utterances, rng, options, shorten)


def shorten(text: str, stream: random.Random, errors: float) -> str:
    """Drop each word with the probability `errors`; in every other copy, also swap two adjacent words."""
    kept = [pair for pair in words_of(text) if NEGATES.search(pair[0]) or stream.random() >= errors]
    if len(kept) > 1 and stream.random() < SWAP_SHARE:
        place = stream.randrange(len(kept) - 1)
        (one, first), (two, second) = kept[place : place + 2]
        kept[place : place + 2] = [(two, first), (one, second)]
    return joined(kept) if len(kept) > 1 else text
