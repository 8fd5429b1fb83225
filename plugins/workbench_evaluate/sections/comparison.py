"""Before and after: every model on every split, from the nearest label name to the served bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.reading import Findings, subject

if TYPE_CHECKING:
    from workbench.api import Report


def values(findings: Findings) -> dict[str, Any] | None:
    """The models in their order, each with its report by split; `first` and `last` are the two ends of the story."""
    measured = [report for report in findings.reports if "accuracy" in report.metrics]
    if not measured:
        return None
    splits = [split for split in ("test", "dev") if any(report.split == split for report in measured)]
    models = [
        {"name": subject(name), "reports": {r.split: _row(r) for r in measured if r.subject == name}}
        for name in dict.fromkeys(report.subject for report in measured)
    ]
    ends = [model for model in models if splits[0] in model["reports"]]
    return {
        "models": models,
        "splits": splits,
        "first": ends[0],
        "last": ends[-1],
        "has_f1": any("macro_f1" in report.metrics for report in measured),
    }


def _row(report: Report) -> dict[str, Any]:
    interval = report.details.get("accuracy_interval")
    return {
        "rows": report.rows,
        "accuracy": report.metrics["accuracy"],
        "macro_f1": report.metrics.get("macro_f1"),
        "interval": interval,
    }
