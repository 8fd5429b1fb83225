"""How a project takes a model's intents: at which control, as which labels, and in which form.

The server leaves out a pushed prediction whose label the label config lacks, without a word (201, `{"created": 0}`).
So intents are compared with the label config before anything is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls
from workbench_labelstudio.tasks.label_form import offered, result_of
from workbench_labelstudio.tasks.words import label_name, listed, listed_labels

if TYPE_CHECKING:
    from workbench.api import Intent


@dataclass(frozen=True)
class ControlLabels:
    """A control of a label config, and how a model's intents are given there.

    Args:
        control: the control that asks for the intent.
        labels: intent of the model -> label in annotations; without the intents that the control lacks.
        missing: these.
    """

    control: Control
    labels: Mapping[Intent, Intent]
    missing: tuple[Intent, ...]

    def result(self, intents: Sequence[Intent]) -> list[dict[str, Any]]:
        """The `result` of a prediction of these intents; empty where the control lacks one of them."""
        if not intents or any(intent not in self.labels for intent in intents):
            return []
        return result_of(self.control, [self.labels[intent] for intent in intents])

    def prediction(self, task: int, intent: Intent, score: float, version: str) -> dict[str, Any]:
        """As the import of predictions takes it."""
        return {"task": task, "model_version": version, "score": score, "result": self.result([intent])}

    def refuse_lacking(self, intents: Iterable[Intent], where: object) -> None:
        """Make sure that all predicted intents can be given.

        Raises:
            WorkbenchError: the label config lacks some, which are named.
        """
        lacking = Counter(intent for intent in intents if intent not in self.labels)
        if lacking:
            counted = listed(f"{label_name(intent)!r} ({count:,} texts)" for intent, count in lacking.most_common())
            raise WorkbenchError(
                f"the label config lacks intents that the model predicts: {counted}; nothing was written",
                where=f"{where}: control {self.control.name}",
                remedy="Add them to the label config, or train on the project's labels",
            )


def control_labels(
    label_config: str, intents: tuple[Intent, ...], where: object = None, wanted: str | None = None
) -> ControlLabels:
    """Find the control that asks for a model's intents, and the label of each intent.

    Args:
        label_config: XML, as a project has it.
        intents: of the model.
        where: what the config belongs to, for messages.
        wanted: name of the control; None = the one that has labels for the most intents.

    Raises:
        UsageProblem: there is no control of that name.
        WorkbenchError: the config cannot be read, no control has any of the labels, two have as many, an intent stands
            for two labels, or Label Studio takes no predictions for the control.
    """
    controls = read_controls(label_config, where)
    candidates = list(controls.values()) if wanted is None else [controls.choose(wanted, where)]
    found = sorted(((offered(one, intents), one) for one in candidates), key=_order)
    labels, control = found[0] if found else ({}, None)
    if control is None or (control.closed and not labels):
        known = ", ".join(f"{one.name} ({listed_labels(one.labels)})" for one in candidates) or "none"
        raise WorkbenchError(
            f"no control of the label config has a label of the model's {len(intents)} intents: "
            f"{listed(map(label_name, intents))}; controls that ask for labels: {known}",
            where=where,
            remedy="Take a model of this project's intents, or add them to the label config",
        )
    if len(found) > 1 and _order(found[0]) == _order(found[1]):
        raise WorkbenchError(
            f"the controls {control.name} and {found[1][1].name} have the same labels",
            where=where,
            remedy="Name one with --control, or rename labels",
        )
    if control.kind == "choices" and any(isinstance(label, tuple) for label in labels.values()):
        raise WorkbenchError(
            "Label Studio takes no predictions for Choices with allowNested",
            where=f"{where}: control {control.name}" if where else f"control {control.name}",
            remedy="Make it a Taxonomy",
        )
    if not control.closed:
        labels = {intent: labels.get(intent, intent) for intent in intents}
    return ControlLabels(control, labels, tuple(intent for intent in intents if intent not in labels))


def _order(found: tuple[dict[Intent, Intent], Control]) -> tuple[int, bool]:
    """The control with the most labels comes first; of those without any, one that takes labels from elsewhere."""
    labels, control = found
    return -len(labels), control.closed
