"""Divide imported rows into splits. Rows in the ledger keep their split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import Ledger, Shares, assign_splits, ledger_split
from workbench.nouns.utterance import SPLITS, Utterance
from workbench.stages.import_sources import Rows

KEPT = "kept the split of an earlier import or of their group"


def divide(read: Rows, seed: int, known: Ledger, ledger: Path | None = None) -> Dataset:
    """Divide rows into splits.

    Args:
        read: the rows and the shares of their sources.
        seed: seed of the run.
        known: assignments of earlier imports, which do not change.
        ledger: the file of `known`, for errors.

    Raises:
        WorkbenchError: a split stays empty because of `known`, or the dataset has fewer than two intents.
    """
    rows = assign_splits(read.dataset.utterances, read.shares, seed, known)
    _check_requested_splits(read.dataset.utterances, rows, read.shares, known, ledger)
    return _check_intents(_count_kept(read.dataset, rows, read.shares))


def count_moved_rows(one: Dataset, other: Dataset) -> int:
    """Count the rows whose split differs between two datasets of the same rows."""
    return sum(a.split != b.split for a, b in zip(one, other, strict=True))


def _check_requested_splits(
    before: Sequence[Utterance],
    rows: Sequence[Utterance],
    shares: Sequence[Shares],
    known: Ledger,
    ledger: Path | None,
) -> None:
    """Raise if a split of the recipe has no rows because the rows keep their earlier splits."""
    filled = {row.split for row in rows}
    for row, share in zip(before, shares, strict=True):
        empty = [name for name in SPLITS if name in share and name not in filled]
        if empty and ledger_split(row, share, known):
            raise WorkbenchError(
                f"no row is left for {' and '.join(empty)}, because rows keep the split of an earlier import",
                where=ledger,
                remedy="Remove splits.json to assign all splits again, or use another run folder: -o FOLDER",
            )


def _count_kept(dataset: Dataset, rows: Sequence[Utterance], shares: Sequence[Shares]) -> Dataset:
    """Return the dataset with its splits, and count the rows that are in none of the splits of their source.

    The count is the same when the ledger has all rows already, so a repeated import writes the same bytes.
    """
    free = [row.split is None for row in dataset]
    kept = sum(free and row.split not in share for free, row, share in zip(free, rows, shares, strict=True))
    divided = dataset.with_rows(rows)
    return divided.counted("import", {KEPT: kept}) if kept else divided


def _check_intents(dataset: Dataset) -> Dataset:
    if len(dataset.intents) < 2:
        names = ", ".join(map(str, dataset.intents)) or "none"
        raise WorkbenchError(
            f"a classifier needs at least two intents, but the sources have: {names}",
            where="[[import]]",
            remedy="Check the label column of the file, or the control of the Label Studio project",
        )
    return dataset
