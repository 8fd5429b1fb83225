"""The model card of a bundle: the `README.md` that people read before they trust it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from workbench.machine import in_words
from workbench.nouns.bundle import Bundle
from workbench.nouns.report import Measurement
from workbench.nouns.utterance import Intent
from workbench.report.markup import intent_label


def model_card(bundle: Bundle, measurement: Measurement | None = None) -> str:
    """A card with YAML front matter as the Hugging Face hub reads it.

    Args:
        bundle: the bundle.
        measurement: what was measured of it.
    """
    model = bundle.model
    licence = next((step["licence"] for step in model.history if step.get("licence")), None)
    lines = [
        "---",
        f"library_name: {model.format}",
        "pipeline_tag: text-classification",
        *([f"license: {str(licence).lower()}"] if licence else []),
        "---",
        "",
        "# Intent classifier",
        "",
        f"{len(model.intents)} intents, texts up to {model.max_length} tokens. Served by intent-workbench.",
        "",
        *_figures(bundle),
        *(_measured(measurement) if measurement else []),
        *_gate(bundle),
        "## How it was made",
        "",
        *[f"{n}. {step_in_words(step)}" for n, step in enumerate(model.history, 1)],
        "",
        "## Intents",
        "",
        *[f"- {in_one_line(intent)}" for intent in model.intents],
        "",
    ]
    return "\n".join(lines)


def _figures(bundle: Bundle) -> list[str]:
    rows = [
        f"| {split} | {name} | {value:.4f} |"
        for split, metrics in sorted(bundle.metrics.items())
        for name, value in sorted(metrics.items())
    ]
    lines = ["| split | metric | value |", "|---|---|---|", *rows, ""] if rows else []
    return [*lines, f"{'Measured' if rows else 'Made'} on {in_words(bundle.machine)}.", ""]


def _measured(measurement: Measurement) -> list[str]:
    """How the served model answers beside others and beside its origin, and what its runtime tells of it."""
    lines = []
    if found := measurement.invariance:
        lines.append(f"- {found}.")
    lines += [
        f"- `{in_one_line(leg.step)}` beside what it was made from, {leg.rows:,} texts ({in_one_line(leg.texts)}): "
        f"{leg.agreement:.2%} answered alike; a logit differs by {leg.max_logit_difference:.2g} at most."
        for leg in measurement.legs
    ]
    if scores := measurement.calibration:
        lines.append(
            f"- Temperature {scores.fitted.temperature:g}, fitted on {scores.rows:,} dev rows: the expected "
            f"calibration error there is {scores.fitted.error:.2%}; {scores.carried.error:.2%} with the uncompressed "
            f"model's temperature, {scores.carried.temperature:g}, and {scores.plain.error:.2%} without one."
        )
    if facts := measurement.facts:
        told = [f"{in_one_line(measurement.title(name)[0])}: {value:,}" for name, value in facts.items()]
        lines.append(f"- {'; '.join(told)}.")
    return [*lines, ""] if lines else []


def _gate(bundle: Bundle) -> list[str]:
    if bundle.gate is None:
        return []
    figures = [f"- {f['name']}: {f['value']:.4g} (budget {f['limit']:g})" for f in bundle.gate["figures"]]
    return [f"The gate **{'accepted' if bundle.accepted else 'refused'}** it:", "", *figures, ""]


def step_in_words(step: Mapping[str, Any]) -> str:
    """A step of the history: its name, and the encoder where one was trained."""
    encoder = f" on {in_one_line(str(step['encoder']))}" if step.get("encoder") else ""
    return in_one_line(str(step.get("step", "?"))) + encoder


def in_one_line(intent: Intent) -> str:
    """An intent's label without markup and line breaks."""
    return html.escape(" ".join(intent_label(intent).split()), quote=False)
