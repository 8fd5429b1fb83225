"""The model card of a bundle: `README.md` with metrics, parity, gate results and history."""

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
    """Write the text of a model card with YAML front matter for the Hugging Face hub.

    Args:
        bundle: the bundle.
        measurement: the bundle's measurement; None before the stage `measure`.
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
    """Lines on batch invariance, parity of each pass, calibration, and the runtime's facts."""
    lines = []
    if invariance := measurement.invariance:
        lines.append(f"- {invariance}.")
    lines += [
        f"- `{in_one_line(parity.step)}`, compared with its input model on {parity.rows:,} texts "
        f"({in_one_line(parity.texts)}): the same intent for {parity.agreement:.2%} of the texts; "
        f"largest difference of a logit {parity.max_logit_difference:.2g}."
        for parity in measurement.legs
    ]
    if calibration := measurement.calibration:
        own, transferred = calibration.fitted, calibration.carried
        lines.append(
            f"- Temperature {own.temperature:g}, fitted on {calibration.rows:,} dev rows. Expected calibration error "
            f"on these rows: {own.error:.2%}; {transferred.error:.2%} with the baseline model's temperature "
            f"{transferred.temperature:g}; {calibration.plain.error:.2%} without a temperature."
        )
    if facts := measurement.facts:
        figures = [f"{in_one_line(measurement.title(name)[0])}: {value:,}" for name, value in facts.items()]
        lines.append(f"- {'; '.join(figures)}.")
    return [*lines, ""] if lines else []


def _gate(bundle: Bundle) -> list[str]:
    if bundle.gate is None:
        return []
    figures = [f"- {f['name']}: {f['value']:.4g} (budget {f['limit']:g})" for f in bundle.gate["figures"]]
    return [f"The gate **{'accepted' if bundle.accepted else 'refused'}** this bundle:", "", *figures, ""]


def step_in_words(step: Mapping[str, Any]) -> str:
    """Describe a step of the history: its name, and its encoder if it has one."""
    encoder = f" on {in_one_line(str(step['encoder']))}" if step.get("encoder") else ""
    return in_one_line(str(step.get("step", "?"))) + encoder


def in_one_line(intent: Intent) -> str:
    """Format an intent's label in one line, with HTML escapes."""
    return html.escape(" ".join(intent_label(intent).split()), quote=False)
