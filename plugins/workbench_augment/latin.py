"""The augmenter `typos`: typing errors on a QWERTY keyboard, in words of Latin script.

The augmenter replaces a letter by a neighbouring key, or swaps, drops or doubles letters: the four errors of Pruthi et
al. 2019, arXiv 1905.11268. Words with a digit, addresses and placeholders such as `<PHONE>` stay unchanged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from itertools import product

from workbench.api import Context, Utterance
from workbench_augment import TypoOptions
from workbench_augment.copies import Rng, make_copies
from workbench_augment.spans import LATIN, latin_runs

UNCHANGED = re.compile(r"\d|^[<{\[]+\w+[>}\]]\W*$")
WORD = re.compile(rf"[{LATIN}]{{2,}}(?![\u0300-\u036f])")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """Return the adjacent keys of each key; each row is shifted by about half a key against the row above."""
    keys = {key: (row, column + row / 2) for row, keys in enumerate(ROWS) for column, key in enumerate(keys)}
    adjacent = dict.fromkeys(keys, "")
    for (key, (row, column)), (other, (other_row, other_column)) in product(keys.items(), repeat=2):
        if key != other and abs(row - other_row) <= 1 and abs(column - other_column) <= 1:
            adjacent[key] += other
    return adjacent


NEIGHBOURS = _neighbours()


def typos(
    utterances: Iterable[Utterance], rng: Rng, options: TypoOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """Yield `(parent id, text)`, see `make_copies`; no copies of a text without a word of two Latin letters."""
    return make_copies(utterances, rng, options, misspell)


def misspell(text: str, stream: random.Random, errors: float) -> str:
    """Insert one error into a share `errors` of the text's words, at least into one word."""
    runs = [run for run in latin_runs(text) if not UNCHANGED.search(run[0])]
    words = [word for run in runs for word in WORD.finditer(text, *run.span())]
    chosen = stream.sample(range(len(words)), min(len(words), max(1, round(errors * len(words)))))
    pieces, end = [], 0
    for word in (words[number] for number in sorted(chosen)):
        pieces += [text[end : word.start()], stream.choice(ERRORS)(word[0], stream)]
        end = word.end()
    return "".join([*pieces, text[end:]])


def replace_key(word: str, stream: random.Random) -> str:
    """Replace a letter by an adjacent key, in the same case."""
    places = [place for place, letter in enumerate(word) if letter.lower() in NEIGHBOURS]
    if not places:
        return double_letter(word, stream)
    place = stream.choice(places)
    key = stream.choice(NEIGHBOURS[word[place].lower()])
    return word[:place] + (key.upper() if word[place].isupper() else key) + word[place + 1 :]


def swap_letters(word: str, stream: random.Random) -> str:
    """Swap two adjacent letters."""
    place = stream.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def drop_letter(word: str, stream: random.Random) -> str:
    """Drop one letter of a word of at least two letters."""
    place = stream.randrange(len(word))
    return word[:place] + word[place + 1 :]


def double_letter(word: str, stream: random.Random) -> str:
    """Double one letter."""
    place = stream.randrange(len(word))
    return word[:place] + word[place] + word[place:]


ERRORS = (replace_key, swap_letters, drop_letter, double_letter)
