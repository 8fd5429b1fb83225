"""The model card of a bundle: the `README.md` that people read before they trust it."""

from __future__ import annotations

from workbench.nouns.bundle import Bundle


def model_card(bundle: Bundle) -> str:
    """A card with YAML front matter as the Hugging Face hub reads it."""
    model = bundle.model
    lines = [
        "---",
        "library_name: onnx",
        "pipeline_tag: text-classification",
        "---",
        "",
        "# Intent classifier",
        "",
        f"{len(model.intents)} intents, texts up to {model.max_length} tokens. Served by intent-workbench.",
        "",
    ]
    if bundle.metrics:
        lines += ["| split | metric | value |", "|---|---|---|"]
        lines += [
            f"| {split} | {name} | {value:.4f} |"
            for split, metrics in sorted(bundle.metrics.items())
            for name, value in sorted(metrics.items())
        ]
        lines += ["", f"Measured on {bundle.machine.get('cpu', 'an unknown CPU')}.", ""]
    if bundle.gate is not None:
        lines += [f"The gate **{'accepted' if bundle.accepted else 'refused'}** it:", ""]
        lines += [
            f"- {figure['name']}: {figure['value']:.4g} (budget {figure['limit']:g})"
            for figure in bundle.gate["figures"]
        ]
        lines += [""]
    lines += [
        "## How it was made",
        "",
        *[f"{n}. {step.get('step', '?')}" for n, step in enumerate(model.history, 1)],
        "",
        "## Intents",
        "",
        *[f"- {intent}" for intent in model.intents],
        "",
    ]
    return "\n".join(lines)
