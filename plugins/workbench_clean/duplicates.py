"""The cleaner `exact-duplicates`: removes rows of train that repeat an earlier row, or a text of dev or test."""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, NoOptions
from workbench.api.text import text_key


def drop_duplicates(dataset: Dataset, out: Path, options: NoOptions, context: Context) -> Dataset:
    """Remove the rows of train that repeat an earlier row of train, or a text of dev or test.

    Two rows are duplicates if they have the same text (`text_key`), the same intents in any order, and the same
    target. A text of dev or test is removed from train regardless of its intents, so that no model is evaluated on its
    training texts. `conflicts` finds conflicts between splits only if it runs before `exact-duplicates`.
    """
    held_out = {text_key(row.text) for row in dataset if row.split in ("dev", "test")}
    seen = set()
    removed = {}
    for row in dataset.split("train"):
        text = text_key(row.text)
        content = text, None if row.intents is None else frozenset(row.intents), row.target
        if text in held_out:
            removed[row.id] = "also in dev or test"
        elif content in seen:
            removed[row.id] = "duplicate"
        seen.add(content)
    return dataset.without(removed, "exact-duplicates")
