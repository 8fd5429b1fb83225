"""Texts that a student learns from: labelled rows, unlabelled rows, and unlabelled texts of a file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.api import Dataset, WorkbenchError
from workbench.api.io import read_lines

UNLABELLED = -100  # the label that torch's cross-entropy leaves out
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DistillationRows:
    """Texts, and for each the index of its intent or `UNLABELLED`."""

    texts: list[str]
    labels: list[int]

    @property
    def unlabelled(self) -> int:
        """How many texts have no label."""
        return self.labels.count(UNLABELLED)


def distillation_rows(dataset: Dataset, extra: str | None, normalize: Callable[[str], str]) -> DistillationRows:
    """The train split's labelled rows, augmented ones among them, its unlabelled rows, and the lines of `extra`.

    Lines that are in the dataset already, dev and test included, are left out, and repeated ones. Rows that are
    labelled out of scope are left out too: they belong to no intent.

    Args:
        dataset: its texts are normalized.
        extra: a file of further texts.
        normalize: what these go through, as `Host.normalizer` gives it.

    Raises:
        WorkbenchError: there is no text, or `extra` is no file of texts.
    """
    rows = dataset.labelled("train")
    texts, labels = [row.text for row in rows], dataset.label_ids(rows)
    unlabelled = [row.text for row in dataset.split("train") if row.intents is None]
    if extra is not None:
        known = {row.text for row in dataset}
        added = [line for line in dict.fromkeys(map(normalize, read_lines(extra))) if line not in known]
        logger.info("%d texts of %s are learned from too", len(added), Path(extra).name)
        unlabelled += added
    if not texts and not unlabelled:
        raise WorkbenchError(
            "the train split has no row, and there is no other text to learn from",
            remedy="Give a source a split with train in it, or a file of texts: extra = FILE",
        )
    return DistillationRows(texts + unlabelled, labels + [UNLABELLED] * len(unlabelled))
