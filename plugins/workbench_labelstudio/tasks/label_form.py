"""How a control takes a model's intents: as which labels, and in which form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.tasks.intents import LEAF, LEVELS, clean, intent_of
from workbench_labelstudio.tasks.words import label_name

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.tasks.label_config_reader import Control


def offered(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Each intent for which a control has a label -> that label: by its alias or path, else by its title.

    Raises:
        WorkbenchError: one of the intents stands for two labels.
    """
    names = {intent: name for intent in intents if (name := clean(intent))}
    wanted = set(names.values())
    known: dict[Intent, Intent] = {title: label for label, title in control.labels.items()}
    for level in LEVELS:
        found: dict[Intent, Intent] = {}
        for label in control.labels:
            name = intent_of(clean(label), level)
            if name in wanted and found.setdefault(name, label) != label:
                raise WorkbenchError(
                    f"the model's intent {label_name(name)!r} stands for two labels: {label_name(found[name])!r} "
                    f"and {label_name(label)!r}",
                    where=f"control {control.name}",
                    remedy="Rename one of them in the label config"
                    + (", or train on whole paths: import with --taxonomy path" if level == LEAF else ""),
                )
        known |= found
    return {intent: known[name] for intent, name in names.items() if name in known}


def result_of(control: Control, labels: Iterable[Intent]) -> list[dict[str, Any]]:
    """The `result` of an annotation that gives these labels, of which a control for one takes the first."""
    chosen = [list(label) if isinstance(label, tuple) else label for label in labels]
    value = {control.kind: chosen if control.multiple else chosen[:1]}
    return [{"from_name": control.name, "to_name": control.to_name, "type": control.kind, "value": value}]
