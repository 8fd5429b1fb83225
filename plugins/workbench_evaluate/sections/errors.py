"""The most confident errors, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.reading import subject

if TYPE_CHECKING:
    from workbench_evaluate.sections.reading import Findings

LONGEST = 400  # characters of an utterance


def values(findings: Findings) -> dict[str, Any] | None:
    """The rows with the highest score that are wrong; long texts are cut."""
    report = findings.last
    rows = report.details.get("worst_errors") if report else None
    if not report or not rows:
        return None
    return {
        "subject": subject(report.subject),
        "split": report.split,
        "errors": [{**row, "text": _cut(row["text"])} for row in rows],
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
