"""The cleaner `exact-duplicates`: the same text with the same intents once in train, and not at all if held out."""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, NoOptions
from workbench.api.text import text_key


def drop_duplicates(dataset: Dataset, out: Path, options: NoOptions, context: Context) -> Dataset:
    """The dataset without the rows of train that repeat an earlier one, or whose text stands in dev or test.

    Two rows repeat each other when text (`workbench.text.text_key`), intents in any order and target are the same.
    A text of dev or test leaves train whatever its intents are, so that nothing is measured on what was trained on;
    `conflicts` reports conflicts between splits only where it comes first.
    """
    held_out = {text_key(row.text) for row in dataset if row.split in ("dev", "test")}
    seen = set()
    removed = {}
    for row in dataset.split("train"):
        text = text_key(row.text)
        said = text, None if row.intents is None else frozenset(row.intents), row.target
        if text in held_out:
            removed[row.id] = "also in dev or test"
        elif said in seen:
            removed[row.id] = "duplicate"
        seen.add(said)
    return dataset.without(removed, "exact-duplicates")
