"""Intent by intent: precision, recall and F1, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.reading import subject

if TYPE_CHECKING:
    from workbench_evaluate.sections.reading import Findings


def values(findings: Findings) -> dict[str, Any] | None:
    """The intents that have rows, worst first, and the widest gap to F1 1; how many have none."""
    report = findings.last
    table = report.details.get("per_intent") if report else None
    if not report or not table:
        return None
    measured = [entry for entry in table if entry["rows"]]
    gap = max((1 - entry["f1"] for entry in measured), default=0.0)
    return {
        "subject": subject(report.subject),
        "split": report.split,
        "without_rows": len(table) - len(measured),
        "gap": gap,
        "intents": sorted(measured, key=lambda entry: (entry["f1"], -entry["rows"])),
    }
