"""The augmenter `typos-zh`: slips of a Chinese input method.

Chinese characters are dropped, swapped or repeated. In every other copy a run of Latin letters, digits and ASCII
punctuation turns full-width besides, which normalisation to NFKC takes back. Addresses stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from workbench.api import Context, Utterance
from workbench.api.text import HAN
from workbench_augment import ChineseTypoOptions
from workbench_augment.copies import Rng, make_copies
from workbench_augment.spans import latin_runs

NEGATIONS = "不没未无非别勿"  # without one of them the intent is another
WIDENED = 0.5  # share of the copies
TO_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def typos(
    utterances: Iterable[Utterance], rng: Rng, options: ChineseTypoOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """`(parent id, text)`: see `make_copies`. A text without a Chinese character brings nothing."""
    return make_copies(utterances, rng, options, mistype)


def mistype(text: str, stream: random.Random, errors: float) -> str:
    """The text with a slip at each of a share `errors` of its Chinese characters, at one at least."""
    places = [match.start() for match in HAN.finditer(text)]
    chinese = set(places)
    characters = list(text)
    for place in stream.sample(places, min(len(places), max(1, round(errors * len(places))))):
        slip = stream.choice(("drop", "swap", "repeat"))
        if slip == "drop" and characters[place] not in NEGATIONS:
            characters[place] = ""
        elif slip == "swap" and place + 1 in chinese:
            characters[place], characters[place + 1] = characters[place + 1], characters[place]
        elif slip == "repeat":
            characters[place] *= 2
    narrow = [run.span() for run in latin_runs(text)]
    if narrow and stream.random() < WIDENED:
        run = slice(*stream.choice(narrow))
        characters[run] = [character.translate(TO_WIDE) for character in characters[run]]
    made = "".join(characters)
    return made if HAN.search(made) else text
