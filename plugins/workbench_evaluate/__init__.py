"""Metrics of an intent classifier, and the built-in sections of a run's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import Metric, NoOptions, hookimpl, option

if TYPE_CHECKING:
    from workbench.api.engine import Run
    from workbench.api.report import Section


@dataclass(frozen=True)
class ErrorsOptions:
    """Options of `errors`."""

    most: int = option(30, "maximum number of rows in the report", ge=0)


@hookimpl
def metrics() -> Mapping[str, Metric]:
    """Register the metrics of a report."""
    return {
        "accuracy": _metric("accuracy", "share of correctly predicted rows, with its 95 % Wilson interval"),
        "f1": _metric("f1", "macro and weighted F1 over the intents in truth or predictions"),
        "per-intent": _metric("per_intent", "rows, precision, recall and F1 of every intent"),
        "confusions": _metric("confusions", "pairs of true and predicted intent, most frequent first"),
        "errors": _metric("errors", "wrongly predicted rows with the highest scores", ErrorsOptions),
    }


def _metric(function: str, summary: str, options: type = NoOptions) -> Metric:
    return Metric(
        run=f"workbench_evaluate.scores:{function}",
        summary=summary,
        options=options,
        extra="train",
        libraries=("numpy", "scikit-learn", "scipy"),
    )


@hookimpl
def report_sections(run: Run) -> Iterator[Section]:
    """Return the built-in sections of the report."""
    from workbench_evaluate.sections import sections

    return sections(run)
