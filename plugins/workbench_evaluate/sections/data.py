"""The section "Data": rows by split and by intent, and the counts of readers and cleaners."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.api import SPLITS

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults


def values(results: RunResults) -> dict[str, Any] | None:
    """Return imported and augmented rows by split, rows by intent in falling order, and counts of the steps."""
    dataset = results.run.dataset()
    if dataset is None:
        return None
    sizes = Counter((row.split, row.origin == "import") for row in dataset)
    by_intent = Counter((intent, row.split) for row in dataset for intent in row.intents or ())
    splits = [split for split in (*SPLITS, None) if sizes[split, True] or sizes[split, False]]
    totals = Counter(intent for row in dataset for intent in row.intents or ())
    intents = [
        {"intent": intent, "rows": {split: by_intent[intent, split] for split in splits}, "total": totals[intent]}
        for intent in sorted(dataset.intents, key=lambda intent: -totals[intent])
    ]
    return {
        "splits": [
            {"name": split, "imported": sizes[split, True], "augmented": sizes[split, False]} for split in splits
        ],
        "intents": intents,
        "most": max(totals.values(), default=1),
        "counts": [
            (by, reason, rows) for by, reasons in dataset.counts.items() for reason, rows in reasons.items() if rows
        ],
        "out_of_scope": sum(row.intents == () for row in dataset),
        "unlabelled": sum(row.intents is None for row in dataset),
    }
