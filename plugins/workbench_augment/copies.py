"""The common part of the augmenters: choose utterances, and make distinct copies of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from workbench.api import Utterance
from workbench.api.text import text_key
from workbench_augment import TypoOptions

MAX_TRIES = 10
Rng = Callable[[str], random.Random]
Edit = Callable[[str, random.Random, float], str]


def make_copies(
    utterances: Iterable[Utterance], rng: Rng, options: TypoOptions, edit: Edit
) -> Iterator[tuple[str, str]]:
    """Yield `(parent id, text)`: up to `options.copies` texts for a share `options.rate` of the utterances.

    The keys (`text_key`) of an utterance and its copies are distinct. After `MAX_TRIES` edits without a new key, the
    utterance gets fewer copies. All random numbers come from `rng(parent id)`, so the copies of an utterance do not
    depend on other utterances or on the order.

    Args:
        utterances: the rows to copy.
        rng: `(parent id) -> random.Random`.
        options: the number of copies, and the share of errors.
        edit: `(text, stream, share of words or characters to change) -> text`.
    """
    for row in utterances:
        stream = rng(row.id)
        if stream.random() >= options.rate:
            continue
        known = {text_key(row.text)}
        for _ in range(options.copies):
            for _ in range(MAX_TRIES):
                text = edit(row.text, stream, options.errors)
                if (key := text_key(text)) not in known:
                    known.add(key)
                    yield row.id, text
                    break
