"""The section "Confusions": a heat map of the most confused intents, and the most frequent pairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.api.report import intent_label
from workbench_evaluate.sections.run_results import subject_title

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults

MAX_INTENTS = 30  # in the heat map; more do not fit on a page
MAX_PAIRS = 15


def values(results: RunResults) -> dict[str, Any] | None:
    """Return the most confused intents in model order, cells by (true, predicted), and the most frequent pairs."""
    report = results.last
    if not report or not report.details.get("confusions"):
        return None
    pairs = [
        (intent_label(true), intent_label(predicted), rows) for true, predicted, rows in report.details["confusions"]
    ]
    per_intent = {intent_label(entry["intent"]): entry for entry in report.details.get("per_intent", ())}
    confused: Counter[str] = Counter()
    for true, predicted, rows in pairs:
        confused[true] += rows
        confused[predicted] += rows
    chosen = {label for label, _ in confused.most_common(MAX_INTENTS)}
    return {
        "subject": subject_title(report.subject),
        "split": report.split,
        "intents": [label for label in per_intent or confused if label in chosen],
        "confused": len(confused),
        "cells": {(true, predicted): rows for true, predicted, rows in pairs if {true, predicted} <= chosen},
        "right": {label: round(entry["recall"] * entry["rows"]) for label, entry in per_intent.items()},
        "rows": {label: entry["rows"] for label, entry in per_intent.items()},
        "most": pairs[0][2],
        "pairs": pairs[:MAX_PAIRS],
        "all_pairs": len(pairs),
    }
