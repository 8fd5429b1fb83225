"""What is taken for what: a heat map of the intents that are confused, and the worst pairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.api.report import intent_label
from workbench_evaluate.sections.reading import subject

if TYPE_CHECKING:
    from workbench_evaluate.sections.reading import Findings

SHOWN = 30  # intents in the heat map: more cannot be read on one page
PAIRS = 15


def values(findings: Findings) -> dict[str, Any] | None:
    """The most confused intents in the models' order, their cells by (true, predicted), and the worst pairs."""
    report = findings.last
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
    chosen = {label for label, _ in confused.most_common(SHOWN)}
    shown = [label for label in per_intent or confused if label in chosen]
    return {
        "subject": subject(report.subject),
        "split": report.split,
        "intents": shown,
        "confused": len(confused),
        "cells": {(true, predicted): rows for true, predicted, rows in pairs if {true, predicted} <= chosen},
        "right": {label: round(entry["recall"] * entry["rows"]) for label, entry in per_intent.items()},
        "rows": {label: entry["rows"] for label, entry in per_intent.items()},
        "most": pairs[0][2],
        "pairs": pairs[:PAIRS],
        "all_pairs": len(pairs),
    }
