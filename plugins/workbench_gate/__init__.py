"""The budgets of the gate."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Budget, hookimpl


@hookimpl
def budgets() -> Mapping[str, Budget]:
    """Register budgets on the bundle's size, on its difference from the baseline model, and on batch invariance."""
    return {
        "max_accuracy_drop": _budget("accuracy_drop", "accuracy loss against the baseline model, in points"),
        "min_accuracy": _budget("accuracy", "accuracy of the bundle, from 0 to 1"),
        "max_size_mb": _budget("size", "size of all files of the bundle, in MB of 10^6 bytes"),
        "min_agreement": _budget(
            "agreement", "share of the rows where bundle and baseline model predict the same intent, from 0 to 1"
        ),
        "max_logit_difference": _budget(
            "logit_difference", "largest absolute difference of a logit between bundle and baseline model"
        ),
        "max_label_changes": _budget(
            "label_changes", "number of texts, out of up to 2,000, whose intent in a batch differs from batch size 1"
        ),
        "max_score_change": _budget(
            "score_change", "largest difference of an intent's score between a batch and batch size 1"
        ),
    }


def _budget(function: str, summary: str) -> Budget:
    return Budget(run=f"workbench_gate.figures:{function}", summary=summary)
