"""Rows of a dataset as a pool to choose from, and the chosen rows as a file to work through."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench.api.io import make_folder, refuse_existing, replace_text
from workbench.api.report import intent_label
from workbench.api.review import PoolRow, ReviewPool, Selected, Vote

if TYPE_CHECKING:
    from workbench.api import Utterance

FORMATS = (".csv", ".jsonl")


def pool_row(row: Utterance) -> PoolRow:
    """A row to choose or to compare with; made-up rows stay with the row that they came from."""
    votes = () if row.intents is None else (Vote(None, row.intents),)
    parent = row.meta.get("parent")
    return PoolRow(row.text, votes, row.group or (str(parent) if parent is not None else None))


def records(rows: Sequence[Utterance], pool: ReviewPool, chosen: Sequence[Selected]) -> list[dict[str, Any]]:
    """The chosen rows with the columns of `workbench data export`, then why they were chosen.

    A table with these columns is imported again under the same ids, once somebody has filled in or changed `intent`.
    """
    return [_record(rows[one.row], pool, one) for one in chosen]


def check_out(out: Path) -> None:
    """Refuse a file of another format, or one that exists."""
    if out.suffix not in FORMATS:
        raise UsageProblem(f"is no {' or '.join(FORMATS)} file", where=out, remedy="Name the format by the ending")
    refuse_existing(out)


def write(out: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write CSV, with a byte order mark for Excel, or JSONL."""
    make_folder(out.absolute().parent)
    if out.suffix == ".jsonl":
        replace_text(out, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        return
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    replace_text(out, "\ufeff" + text.getvalue())


def _record(row: Utterance, pool: ReviewPool, one: Selected) -> dict[str, Any]:
    predicted = pool.intents[int(pool.logits[one.row].argmax())] if pool.logits is not None else None
    return {
        "id": row.id,
        "text": row.text,
        "intent": " + ".join(map(intent_label, row.intents)) if row.intents else None,
        "split": row.split,
        "group": row.group,
        "language": row.language,
        "raw": row.raw,
        "predicted": None if predicted is None else intent_label(predicted),
        "figure": round(one.figure, 6),
        "why": one.why,
    }
