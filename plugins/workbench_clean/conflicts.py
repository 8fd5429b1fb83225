"""The cleaner `conflicts`: reports texts with different intents, and never chooses an intent by itself."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from workbench.api import Context, Dataset, Utterance, WorkbenchError
from workbench.api.text import text_key
from workbench_clean import ConflictOptions

REPORT = "conflicts.jsonl"
MAX_NAMED = 3  # conflicts in an error


def resolve_conflicts(dataset: Dataset, out: Path, options: ConflictOptions, context: Context) -> Dataset:
    """Remove the rows of train that are in a conflict, or none with the policy `keep`.

    `out/conflicts.jsonl` has a line for each conflicting text: `text`, and `rows` of `id`, `split` and `intents`.
    Conflicting rows outside train always stay. The count `conflicting, kept` contains all conflicting rows that stay.

    Raises:
        WorkbenchError: there is a conflict, and the policy is `refuse`. The message names the first conflicts.
    """
    conflicts = find_conflicts(dataset)
    if conflicts and options.policy == "refuse":
        raise WorkbenchError(
            f"the same text has different intents ({len(conflicts)} in all, the first is {conflicts[0][0].text!r})",
            where="; ".join(", ".join(row.id for row in rows) for rows in conflicts[:MAX_NAMED]),
            remedy='Correct the intents in the source, or set policy = "drop" or "keep" in [clean.conflicts]',
        )
    out.mkdir(parents=True, exist_ok=True)
    with (out / REPORT).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(_as_json(rows), ensure_ascii=False, sort_keys=True) + "\n" for rows in conflicts)
    conflicting = [row for rows in conflicts for row in rows]
    removed = {row.id: "conflicting" for row in conflicting if row.split == "train" and options.policy == "drop"}
    kept = Counter("conflicting, kept" for row in conflicting if row.id not in removed)
    return dataset.without(removed, "conflicts").counted("conflicts", kept)


def find_conflicts(rows: Iterable[Utterance]) -> list[list[Utterance]]:
    """Return the labelled rows of each text that has different intents, in the order of the texts."""
    by_text: dict[str, list[Utterance]] = defaultdict(list)
    for row in rows:
        if row.intents is not None:
            by_text[text_key(row.text)].append(row)
    return [group for group in by_text.values() if len({frozenset(row.intents or ()) for row in group}) > 1]


def _as_json(rows: list[Utterance]) -> dict[str, object]:
    return {"text": rows[0].text, "rows": [{"id": row.id, "split": row.split, "intents": row.intents} for row in rows]}
