"""The gate's budgets: what a recipe can hold a bundle to."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Budget, hookimpl


@hookimpl
def budgets() -> Mapping[str, Budget]:
    """On the dev rows, the bundle beside the uncompressed model; on any rows, texts alone and among others."""
    return {
        "max_accuracy_drop": _budget("accuracy_drop", "accuracy that the bundle may lose, in points"),
        "min_accuracy": _budget("accuracy", "accuracy of the bundle, a share"),
        "max_size_mb": _budget("size", "size of all the bundle's files, in MB of 10^6 bytes"),
        "min_agreement": _budget("agreement", "share of the rows to which both give the same intent"),
        "max_logit_difference": _budget("logit_difference", "largest absolute difference of a logit"),
        "max_label_changes": _budget(
            "label_changes", "texts, of up to 2,000, that get another intent among other texts than alone"
        ),
        "max_score_change": _budget(
            "score_change", "largest difference of an intent's score between a text alone and among others"
        ),
    }


def _budget(function: str, summary: str) -> Budget:
    return Budget(run=f"workbench_gate.figures:{function}", summary=summary)
