"""Rows of a dataset as a pool to choose from, and the chosen rows as a file to work through."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench.api.io import make_folder, refuse_existing, replace_text
from workbench.api.report import intent_label
from workbench.api.review import PoolRow, ReviewPool, Selected, Vote

if TYPE_CHECKING:
    from workbench.api import Utterance

BOM = "\ufeff"  # without it Excel misreads Chinese


def pool_row(row: Utterance) -> PoolRow:
    """A row to choose or to compare with; made-up rows stay with the row that they came from."""
    votes = () if row.intents is None else (Vote(None, row.intents),)
    parent = row.meta.get("parent")
    return PoolRow(row.text, votes, row.group or (str(parent) if parent is not None else None))


def record(row: Utterance, pool: ReviewPool, chosen: Selected) -> dict[str, Any]:
    """A chosen row with the columns of `workbench data export`, then why it was chosen.

    A table with these columns is imported again under the same ids, once somebody has filled in or changed `intent`.
    """
    predicted = pool.intents[int(pool.logits[chosen.row].argmax())] if pool.logits is not None else None
    return {
        "id": row.id,
        "text": row.text,
        "intent": " + ".join(map(intent_label, row.intents)) if row.intents else None,
        "split": row.split,
        "group": row.group,
        "language": row.language,
        "raw": row.raw,
        "predicted": None if predicted is None else intent_label(predicted),
        "figure": round(chosen.figure, 6),
        "why": chosen.why,
    }


def check_new(out: Path) -> None:
    """Refuse a file of another format, or one that exists."""
    if out.suffix != ".csv":
        raise UsageProblem("is no .csv file", where=out, remedy="End its name in .csv")
    refuse_existing(out)


def write_csv(out: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write records into a new file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    make_folder(out.absolute().parent)
    replace_text(out, BOM + text.getvalue())
