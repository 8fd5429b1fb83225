"""How a control takes a model's intents: as which labels, and in which form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbench_labelstudio.tasks.intents import clean

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.tasks.label_config_reader import Control


def offered(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Each intent for which a control has a label -> that label: by its alias or path, else by its title.

    Raises:
        WorkbenchError: one of the intents stands for two labels.
    """
    names = {intent: name for intent in intents if (name := clean(intent))}
    known: dict[Intent, Intent] = {title: label for label, title in control.labels.items()}
    known |= control.intents("path", names.values())
    known |= control.intents("leaf", names.values())
    return {intent: known[name] for intent, name in names.items() if name in known}


def result_of(control: Control, labels: Iterable[Intent]) -> list[dict[str, Any]]:
    """The `result` of an annotation that gives these labels, of which a control for one takes the first."""
    chosen = [list(label) if isinstance(label, tuple) else label for label in labels]
    value = {control.kind: chosen if control.multiple else chosen[:1]}
    return [{"from_name": control.name, "to_name": control.to_name, "type": control.kind, "value": value}]
