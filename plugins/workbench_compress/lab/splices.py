"""Splices: texts that nobody wrote, of the head of one row and the tail of another.

A splice may have the intent of either row, or none, so no label can teach it. The baseline model's prediction can: it
shows where the lines between intents run, which rows that were learned by heart do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from workbench.api import Utterance
from workbench.api.text import joined, words_of


def splices(rows: Sequence[Utterance], count: int, rng: Callable[[str], random.Random]) -> Iterator[str]:
    """Make `count` texts of each row: its first words, at least one but not all, and last words of any row.

    Rows of one word bring nothing.

    Args:
        rows: their texts are cut between two words, Chinese ones between two characters.
        count: how many of each.
        rng: row id -> its stream.
    """
    parts = {row.id: found for row in rows if len(found := words_of(row.text)) > 1}
    donors = list(parts.values())
    for number, own in parts.items():
        chance = rng(number)
        for _ in range(count):
            other = chance.choice(donors)
            yield joined([*own[: chance.randrange(1, len(own))], *other[chance.randrange(1, len(other)) :]])
