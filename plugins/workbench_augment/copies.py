"""What both augmenters share: who gets copies, how many, and that each copy says something new."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from workbench.api import Utterance
from workbench.api.text import text_key
from workbench_augment import TypoOptions

TRIES = 10
Rng = Callable[[str], random.Random]
Edit = Callable[[str, random.Random, float], str]


def make_copies(
    utterances: Iterable[Utterance], rng: Rng, options: TypoOptions, edit: Edit
) -> Iterator[tuple[str, str]]:
    """`(parent id, text)` of up to `options.copies` texts for a share `options.rate` of the utterances.

    No text is its parent's or another copy's, as `text_key` compares them. Where `TRIES` edits in a row bring
    nothing new, the utterance gets fewer copies. All chance comes from `rng(parent id)`, so neither the order nor the
    company of an utterance matters.

    Args:
        edit: `(text, stream, share of words or characters to touch) -> text`.
    """
    for row in utterances:
        stream = rng(row.id)
        if stream.random() >= options.rate:
            continue
        known = {text_key(row.text)}
        for _ in range(options.copies):
            for _ in range(TRIES):
                text = edit(row.text, stream, options.errors)
                if (key := text_key(text)) not in known:
                    known.add(key)
                    yield row.id, text
                    break
