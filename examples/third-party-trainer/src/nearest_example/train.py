"""Train by keeping the pieces of every train text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nearest_example import FILE, FORMAT
from workbench.api import Context, Dataset, Model, history_step

if TYPE_CHECKING:
    from nearest_example import Options


def pieces(text: str, letters: int) -> set[str]:
    """All runs of so many characters in a text."""
    padded = f" {text.lower()} "
    return {padded[start : start + letters] for start in range(max(1, len(padded) - letters + 1))}


def train(dataset: Dataset, out: Path, options: Options, context: Context) -> Model:
    """Write the pieces and the label of each train text."""
    rows = dataset.labelled("train")
    labels = dataset.label_ids(rows)
    examples = [[sorted(pieces(row.text, options.letters)), label] for row, label in zip(rows, labels, strict=True)]
    out.mkdir(parents=True)
    content = {"letters": options.letters, "examples": examples}
    (out / FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return Model(
        out,
        FORMAT,
        dataset.task,
        dataset.intents,
        max_length=512,
        normalization=dataset.normalization,
        history=(history_step(FORMAT, options, ()),),
    ).save()
