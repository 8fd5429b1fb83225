"""Format a dataset as CSV or JSONL; the readers `csv` and `jsonl` restore the same rows."""

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


def to_csv(rows: Iterable[Utterance]) -> str:
    """Format rows as CSV (RFC 4180) with a header and CRLF between records; a missing value is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(EXPORTED)
    writer.writerows(_record(row).values() for row in rows)
    return text.getvalue()


def to_jsonl(rows: Iterable[Utterance]) -> str:
    """Format rows as JSONL, one object per line; a missing value is null."""
    return "".join(json.dumps(_record(row), ensure_ascii=False) + "\n" for row in rows)


FORMATS: Mapping[str, Callable[[Iterable[Utterance]], str]] = {"csv": to_csv, "jsonl": to_jsonl}


def _record(row: Utterance) -> dict[str, Any]:
    if row.intents is not None and not (len(row.intents) == 1 and isinstance(row.intents[0], str)):
        raise WorkbenchError(
            f"has the intents {row.intents!r}, but a table holds one plain intent per row",
            where=f"row {row.id}",
            remedy="Use the file utterances.jsonl in the dataset folder instead",
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
