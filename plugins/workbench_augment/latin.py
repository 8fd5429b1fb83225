"""The augmenter `typos`: slips on a QWERTY keyboard, in words of Latin script.

Letters are replaced by a neighbour, swapped, dropped or doubled, after the four kinds of Pruthi et al. 2019, arXiv
1905.11268. Words with a digit, addresses and placeholders such as `<PHONE>` stay as they are.
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

KEPT = re.compile(r"\d|^[<{\[]+\w+[>}\]]\W*$")
WORD = re.compile(rf"[{LATIN}]{{2,}}(?![\u0300-\u036f])")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """For each key those that touch it; a row is shifted by about half a key against the one above."""
    keys = {key: (row, column + row / 2) for row, keys in enumerate(ROWS) for column, key in enumerate(keys)}
    touching = dict.fromkeys(keys, "")
    for (key, (row, column)), (other, (other_row, other_column)) in product(keys.items(), repeat=2):
        if key != other and abs(row - other_row) <= 1 and abs(column - other_column) <= 1:
            touching[key] += other
    return touching


NEIGHBOURS = _neighbours()


def typos(
    utterances: Iterable[Utterance], rng: Rng, options: TypoOptions, context: Context
) -> Iterator[tuple[str, str]]:
    """`(parent id, text)`: see `make_copies`. A text without a word of two Latin letters brings nothing."""
    return make_copies(utterances, rng, options, misspell)


def misspell(text: str, stream: random.Random, errors: float) -> str:
    """The text with one slip in each of a share `errors` of its words, in one word at least."""
    words = [word for run in latin_runs(text) if not KEPT.search(run[0]) for word in WORD.finditer(text, *run.span())]
    touched = stream.sample(range(len(words)), min(len(words), max(1, round(errors * len(words)))))
    pieces, end = [], 0
    for word in (words[number] for number in sorted(touched)):
        pieces += [text[end : word.start()], stream.choice(SLIPS)(word[0], stream)]
        end = word.end()
    return "".join([*pieces, text[end:]])


def replace_key(word: str, stream: random.Random) -> str:
    """A letter becomes its neighbour on the keyboard, in the same case."""
    places = [place for place, letter in enumerate(word) if letter.lower() in NEIGHBOURS]
    if not places:
        return double_letter(word, stream)
    place = stream.choice(places)
    key = stream.choice(NEIGHBOURS[word[place].lower()])
    return word[:place] + (key.upper() if word[place].isupper() else key) + word[place + 1 :]


def swap_letters(word: str, stream: random.Random) -> str:
    """Two adjacent letters change places."""
    place = stream.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def drop_letter(word: str, stream: random.Random) -> str:
    """A letter is missing; one stays at least."""
    place = stream.randrange(len(word))
    return word[:place] + word[place + 1 :]


def double_letter(word: str, stream: random.Random) -> str:
    """A letter stands twice."""
    place = stream.randrange(len(word))
    return word[:place] + word[place] + word[place:]


SLIPS = (replace_key, swap_letters, drop_letter, double_letter)
