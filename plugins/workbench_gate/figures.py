"""Each budget: what was measured, against the recipe's limit. A figure that is not a number keeps no budget."""

from __future__ import annotations

from workbench.api import Figure, Measurement, Report, WorkbenchError
from workbench.api.quality import Invariance

DECIMALS = 9  # 0.933 - 0.928 is half a point, not a rounding error more


def accuracy_drop(limit: float, measurement: Measurement) -> Figure:
    """Points that the bundle's accuracy lies below the uncompressed model's; negative when it is better.

    Raises:
        WorkbenchError: accuracy is not among the metrics.
    """
    drop = round(100 * (_accuracy(measurement.baseline) - _accuracy(measurement.bundle)), DECIMALS)
    return Figure("max_accuracy_drop", drop, limit, "points", kept=drop <= limit)


def accuracy(limit: float, measurement: Measurement) -> Figure:
    """Share of the rows that the bundle answers right.

    Raises:
        WorkbenchError: accuracy is not among the metrics.
    """
    share = _accuracy(measurement.bundle)
    return Figure("min_accuracy", share, limit, "share", kept=share >= limit)


def size(limit: float, measurement: Measurement) -> Figure:
    """Megabytes (10^6 bytes) of the bundle."""
    megabytes = measurement.size / 1e6
    return Figure("max_size_mb", megabytes, limit, "MB", kept=megabytes <= limit)


def agreement(limit: float, measurement: Measurement) -> Figure:
    """Share of the rows with the same first intent."""
    return Figure("min_agreement", measurement.agreement, limit, "share", kept=measurement.agreement >= limit)


def logit_difference(limit: float, measurement: Measurement) -> Figure:
    """Largest absolute difference of a logit."""
    difference = measurement.max_logit_difference
    return Figure("max_logit_difference", difference, limit, "", kept=difference <= limit)


def label_changes(limit: float, measurement: Measurement) -> Figure:
    """How many texts get another intent among other texts than alone.

    Raises:
        WorkbenchError: it was not measured.
    """
    changes = float(_invariance(measurement).label_changes)
    return Figure("max_label_changes", changes, limit, "texts", kept=changes <= limit)


def score_change(limit: float, measurement: Measurement) -> Figure:
    """Largest absolute difference of an intent's score between a text alone and among others.

    Raises:
        WorkbenchError: it was not measured.
    """
    change = _invariance(measurement).max_score_difference
    return Figure("max_score_change", change, limit, "", kept=change <= limit)


def _invariance(measurement: Measurement) -> Invariance:
    if measurement.invariance is None:
        raise WorkbenchError(
            "this bundle was not asked with texts alone and among others", where="[gate]", remedy="Measure it again"
        )
    return measurement.invariance


def _accuracy(report: Report) -> float:
    if "accuracy" not in report.metrics:
        raise WorkbenchError(
            f"no accuracy was measured of the {report.subject}",
            where="[gate]",
            remedy='Add "accuracy" to [evaluate] use, or leave the budget out',
        )
    return report.metrics["accuracy"]
