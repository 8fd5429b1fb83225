"""Compare measured figures with the limits of the recipe; NaN is never within a limit."""

from __future__ import annotations

from workbench.api import Figure, Measurement, Report, WorkbenchError
from workbench.api.quality import Invariance

DECIMALS = 9  # rounding removes the floating-point error of 0.933 - 0.928, which is exactly half a point


def accuracy_drop(limit: float, measurement: Measurement) -> Figure:
    """Compute the accuracy loss against the baseline model, in points; negative if the bundle is better.

    Raises:
        WorkbenchError: accuracy is not among the metrics.
    """
    drop = round(100 * (_accuracy(measurement.baseline) - _accuracy(measurement.bundle)), DECIMALS)
    return Figure("max_accuracy_drop", drop, limit, "points", kept=drop <= limit)


def accuracy(limit: float, measurement: Measurement) -> Figure:
    """Compute the bundle's accuracy, from 0 to 1.

    Raises:
        WorkbenchError: accuracy is not among the metrics.
    """
    share = _accuracy(measurement.bundle)
    return Figure("min_accuracy", share, limit, "share", kept=share >= limit)


def size(limit: float, measurement: Measurement) -> Figure:
    """Compute the bundle's size in MB of 10^6 bytes."""
    megabytes = measurement.size / 1e6
    return Figure("max_size_mb", megabytes, limit, "MB", kept=megabytes <= limit)


def agreement(limit: float, measurement: Measurement) -> Figure:
    """Return the share of the rows where bundle and baseline model predict the same intent."""
    return Figure("min_agreement", measurement.agreement, limit, "share", kept=measurement.agreement >= limit)


def logit_difference(limit: float, measurement: Measurement) -> Figure:
    """Return the largest absolute difference of a logit between bundle and baseline model."""
    difference = measurement.max_logit_difference
    return Figure("max_logit_difference", difference, limit, "", kept=difference <= limit)


def label_changes(limit: float, measurement: Measurement) -> Figure:
    """Return the number of texts whose intent in a batch differs from the intent with batch size 1.

    Raises:
        WorkbenchError: batch invariance was not measured.
    """
    changes = float(_invariance(measurement).label_changes)
    return Figure("max_label_changes", changes, limit, "texts", kept=changes <= limit)


def score_change(limit: float, measurement: Measurement) -> Figure:
    """Return the largest absolute difference of an intent's score between a batch and batch size 1.

    Raises:
        WorkbenchError: batch invariance was not measured.
    """
    change = _invariance(measurement).max_score_difference
    return Figure("max_score_change", change, limit, "", kept=change <= limit)


def _invariance(measurement: Measurement) -> Invariance:
    if measurement.invariance is None:
        raise WorkbenchError(
            "the batch invariance of this bundle was not measured",
            where="[gate]",
            remedy="Measure again: workbench run RECIPE --from measure",
        )
    return measurement.invariance


def _accuracy(report: Report) -> float:
    if "accuracy" not in report.metrics:
        raise WorkbenchError(
            f"the accuracy of {report.subject} was not measured",
            where="[gate]",
            remedy='Add "accuracy" to use in [evaluate], or remove the budget from [gate]',
        )
    return report.metrics["accuracy"]
