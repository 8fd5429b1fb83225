"""What was read, divided into splits; rows that a ledger knows keep their split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import Ledger, Shares, assign_splits, ledger_split
from workbench.nouns.utterance import SPLITS, Utterance
from workbench.stages.import_sources import Rows

KEPT = "kept an earlier split, or that of their group"


def divide(read: Rows, seed: int, known: Ledger, ledger: Path | None = None) -> Dataset:
    """Divide rows into splits.

    Args:
        read: the rows, and the shares of their sources.
        seed: of the run.
        known: earlier assignments, which stay.
        ledger: the file of `known`, for messages.

    Raises:
        WorkbenchError: a split stays empty because of `known`, or there is one intent at most.
    """
    rows = assign_splits(read.dataset.utterances, read.shares, seed, known)
    _check_requested_splits(read.dataset.utterances, rows, read.shares, known, ledger)
    return _check(_count_moved(read.dataset, rows, read.shares))


def count_moved_rows(one: Dataset, other: Dataset) -> int:
    """Rows that are in another split in the other dataset, of the same rows."""
    return sum(a.split != b.split for a, b in zip(one, other, strict=True))


def _check_requested_splits(
    before: Sequence[Utterance],
    rows: Sequence[Utterance],
    shares: Sequence[Shares],
    known: Ledger,
    ledger: Path | None,
) -> None:
    """Raise when earlier splits leave nothing for a split that the recipe asks for."""
    filled = {row.split for row in rows}
    for row, share in zip(before, shares, strict=True):
        empty = [name for name in SPLITS if name in share and name not in filled]
        if empty and ledger_split(row, share, known):
            raise WorkbenchError(
                f"no row is left for {' and '.join(empty)}: rows keep the split of an earlier import",
                where=ledger,
                remedy="Remove splits.json to divide anew, or use another run folder",
            )


def _count_moved(dataset: Dataset, rows: Sequence[Utterance], shares: Sequence[Shares]) -> Dataset:
    """The dataset with its splits, and a count of the rows that are in none that their source was to be divided into.

    It says the same when the ledger knows all rows, so that a repeated import brings the same bytes.
    """
    free = [row.split is None for row in dataset]
    moved = sum(free and row.split not in share for free, row, share in zip(free, rows, shares, strict=True))
    done = dataset.with_rows(rows)
    return done.counted("import", {KEPT: moved}) if moved else done


def _check(dataset: Dataset) -> Dataset:
    if len(dataset.intents) < 2:
        names = ", ".join(map(str, dataset.intents)) or "none"
        raise WorkbenchError(
            f"there is only {len(dataset.intents)} intent: {names}",
            where="[[import]]",
            remedy="A classifier needs at least two; check the label column or control",
        )
    return dataset
