"""The augmenter `typos-zh`: errors of a Chinese input method.

The augmenter drops, swaps or repeats Chinese characters. In every other copy it also turns a run of Latin letters,
digits and ASCII punctuation full-width, which NFKC reverts. Addresses stay unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from workbench.api import Context, Utterance
from workbench.api.text import HAN
from workbench_augment import ChineseTypoOptions
from workbench_augment.copies import Rng, make_copies
from workbench_augment.spans import latin_runs

NEGATIONS = "不没未无非别勿"  # a text without its negation has another intent
WIDE_SHARE = 0.5  # share of the copies with a full-width run
TO_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def typos(
    utterances: Iterable[Utterance], rng: Rng, options: ChineseTypoOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """Yield `(parent id, text)`, see `make_copies`; no copies of a text without a Chinese character."""
    return make_copies(utterances, rng, options, mistype)


def mistype(text: str, stream: random.Random, errors: float) -> str:
    """Insert an error at a share `errors` of the text's Chinese characters, at least at one character."""
    places = [match.start() for match in HAN.finditer(text)]
    chinese = set(places)
    characters = list(text)
    for place in stream.sample(places, min(len(places), max(1, round(errors * len(places))))):
        error = stream.choice(("drop", "swap", "repeat"))
        if error == "drop" and characters[place] not in NEGATIONS:
            characters[place] = ""
        elif error == "swap" and place + 1 in chinese:
            characters[place], characters[place + 1] = characters[place + 1], characters[place]
        elif error == "repeat":
            characters[place] *= 2
    narrow = [run.span() for run in latin_runs(text)]
    if narrow and stream.random() < WIDE_SHARE:
        run = slice(*stream.choice(narrow))
        characters[run] = [character.translate(TO_WIDE) for character in characters[run]]
    result = "".join(characters)
    return result if HAN.search(result) else text
