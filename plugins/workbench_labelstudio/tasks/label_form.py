"""How a control takes a model's intents: as which labels, and in which form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.tasks.intents import LEAF, PATH, clean, intent_of, path_of
from workbench_labelstudio.tasks.words import label_name

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.tasks.label_config_reader import Control

ROOT = "root"  # beside the levels of `intent_of`: the name of a path that has one


def offered(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Each intent for which a control has a label -> that label: by its alias or path, else by its title.

    Of a taxonomy, an intent that is a bare name is the last name of a path. If other intents are paths, it is first of
    all a path of one name.

    Raises:
        WorkbenchError: one of the intents stands for two labels.
    """
    names = {intent: name for intent in intents if (name := clean(intent))}
    wanted = set(names.values())
    mixed = any(isinstance(name, tuple) for name in wanted)
    found: dict[Intent, Intent] = {}
    for level in (PATH, ROOT, LEAF) if mixed else (PATH, LEAF):
        here: dict[Intent, Intent] = {}
        for label in control.labels:
            name = _name_at(level, clean(label))
            if name in wanted and name not in found and here.setdefault(name, label) != label:
                raise WorkbenchError(
                    f"the model's intent {label_name(name)!r} stands for two labels: {label_name(here[name])!r} "
                    f"and {label_name(label)!r}",
                    where=f"control {control.name}",
                    remedy="Rename one of them in the label config"
                    + (", or train on whole paths: import with --taxonomy path" if level == LEAF else ""),
                )
        found |= here
    known = {title: label for label, title in control.labels.items()} | found
    return {intent: known[name] for intent, name in names.items() if name in known}


def labels_of(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Each intent that a control takes -> its label.

    A control that also takes labels from elsewhere takes every intent: a taxonomy as a path, `Choices` as it is.

    Raises:
        WorkbenchError: one of the intents stands for two labels.
    """
    labels = offered(control, intents)
    if control.closed:
        return labels
    return {one: labels.get(one, path_of(one) if control.kind == "taxonomy" else one) for one in intents}


def result_of(control: Control, labels: Iterable[Intent]) -> list[dict[str, Any]]:
    """The `result` of an annotation that gives these labels, of which a control for one takes the first."""
    chosen = [list(label) if isinstance(label, tuple) else label for label in labels]
    value = {control.kind: chosen if control.multiple else chosen[:1]}
    return [{"from_name": control.name, "to_name": control.to_name, "type": control.kind, "value": value}]


def _name_at(level: str, label: Intent | None) -> Intent | None:
    """What a cleaned label is called at a level; None = it has no name there."""
    if level == ROOT:
        return label[0] if isinstance(label, tuple) and len(label) == 1 else None
    return intent_of(label, LEAF if level == LEAF else PATH)
