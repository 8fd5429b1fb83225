"""The section "Confident errors": wrongly predicted rows with the highest scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.run_results import subject_title

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults

MAX_LENGTH = 400  # characters of an utterance


def values(results: RunResults) -> dict[str, Any] | None:
    """Return the wrongly predicted rows with the highest scores; long texts are truncated."""
    report = results.last
    rows = report.details.get("worst_errors") if report else None
    if not report or not rows:
        return None
    return {
        "subject": subject_title(report.subject),
        "split": report.split,
        "errors": [{**row, "text": _truncate(row["text"])} for row in rows],
    }


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
