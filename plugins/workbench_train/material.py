"""What a student learns from: labelled rows, rows without a label, and texts of a file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.api import Dataset, WorkbenchError
from workbench.api.io import read_lines

UNLABELLED = -100  # what torch's cross-entropy leaves out
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """Texts, and for each the index of its intent or `UNLABELLED`."""

    texts: list[str]
    labels: list[int]


def gather(dataset: Dataset, extra: str | None, normalize: Callable[[str], str]) -> Material:
    """The train split's labelled rows, made-up ones among them, its unlabelled rows, and the lines of `extra`.

    Lines that stand in the material already, and those that stand in dev or test, are left out. Rows that are labelled
    out of scope are none of the intents', and are left out too.

    Args:
        dataset: its texts are normalized.
        extra: a file of further texts.
        normalize: what these go through, as `Host.normalizer` gives it.

    Raises:
        WorkbenchError: there is no text, or `extra` is no file of texts.
    """
    rows = dataset.labelled("train")
    texts, labels = [row.text for row in rows], dataset.label_ids(rows)
    free = [row.text for row in dataset.split("train") if row.intents is None]
    if extra is not None:
        known = {row.text for row in dataset}
        added = [line for line in dict.fromkeys(map(normalize, read_lines(extra))) if line not in known]
        logger.info("%d texts of %s are learned from too", len(added), Path(extra).name)
        free += added
    if not texts and not free:
        raise WorkbenchError(
            "the train split has no row, and there is no other text to learn from",
            remedy="Give a source a split with train in it, or a file of texts: extra = FILE",
        )
    return Material(texts + free, labels + [UNLABELLED] * len(free))
