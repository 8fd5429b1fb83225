"""The section "Per intent": precision, recall and F1, lowest F1 first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.run_results import subject_title

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults


def values(results: RunResults) -> dict[str, Any] | None:
    """Return the intents with rows, lowest F1 first, the largest gap to F1 = 1, and the number without rows."""
    report = results.last
    table = report.details.get("per_intent") if report else None
    if not report or not table:
        return None
    measured = [entry for entry in table if entry["rows"]]
    gap = max((1 - entry["f1"] for entry in measured), default=0.0)
    return {
        "subject": subject_title(report.subject),
        "split": report.split,
        "without_rows": len(table) - len(measured),
        "gap": gap,
        "intents": sorted(measured, key=lambda entry: (entry["f1"], -entry["rows"])),
    }
