"""The section "Before and after": accuracy and F1 of every model on every split, up to the served bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench_evaluate.sections.run_results import RunResults, subject_title

if TYPE_CHECKING:
    from workbench.api import Report


def values(results: RunResults) -> dict[str, Any] | None:
    """Return the models in order, each with its reports by split; the headline compares `first` and `last`."""
    measured = [report for report in results.reports if "accuracy" in report.metrics]
    if not measured:
        return None
    splits = [split for split in ("test", "dev") if any(report.split == split for report in measured)]
    models = [
        {"name": subject_title(name), "reports": {r.split: _row(r) for r in measured if r.subject == name}}
        for name in dict.fromkeys(report.subject for report in measured)
    ]
    headline = [model for model in models if splits[0] in model["reports"]]
    return {
        "models": models,
        "splits": splits,
        "first": headline[0],
        "last": headline[-1],
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
