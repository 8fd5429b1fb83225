"""A dataset -> CSV or JSONL that the readers `csv` and `jsonl` read back as the same rows."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_files.columns import EXPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workbench.api import Utterance


def as_csv(rows: Iterable[Utterance]) -> str:
    """CSV after RFC 4180: a header, CRLF between records; what a row does not have is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(EXPORTED)
    writer.writerows(_record(row).values() for row in rows)
    return text.getvalue()


def as_jsonl(rows: Iterable[Utterance]) -> str:
    """One JSON object a line; what a row does not have is null."""
    return "".join(json.dumps(_record(row), ensure_ascii=False) + "\n" for row in rows)


FORMATS: Mapping[str, Callable[[Iterable[Utterance]], str]] = {"csv": as_csv, "jsonl": as_jsonl}


def _record(row: Utterance) -> dict[str, Any]:
    if row.intents is not None and not (len(row.intents) == 1 and isinstance(row.intents[0], str)):
        raise WorkbenchError(
            f"has the intents {row.intents!r}, a table has one name a row",
            where=f"row {row.id}",
            remedy="Take the rows from utterances.jsonl in the dataset's folder",
        )
    intent = row.intents[0] if row.intents else None
    return {
        "id": row.id,
        "text": row.text,
        "intent": intent,
        "split": row.split,
        "group": row.group,
        "language": row.language,
        "raw": row.raw,
    }
