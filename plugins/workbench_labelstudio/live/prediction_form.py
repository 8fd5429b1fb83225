"""Predictions of a bundle in the form of a project's label config.

The config comes with each request, so that the server keeps nothing of a project.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.report import intent_label
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls
from workbench_labelstudio.tasks.label_form import offered, result_of, taken

if TYPE_CHECKING:
    from workbench.api import Intent, Prediction

LISTED = 5


@dataclass(frozen=True)
class PredictionForm:
    """How a project asks for the intents of a bundle.

    Args:
        control: the control that asks for them.
        key: of the task's data, holds the text.
        labels: intent of the bundle -> label in annotations.
        missing: intents for which the control has no label.
    """

    control: Control
    key: str
    labels: Mapping[Intent, Intent]
    missing: tuple[Intent, ...]

    def text(self, task: Any) -> str:
        """Give the text of a task; "" where there is none."""
        data = task.get("data") if isinstance(task, Mapping) else None
        value = data.get(self.key) if isinstance(data, Mapping) else None
        return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""

    def row(self, prediction: Prediction | None, version: str) -> dict[str, Any]:
        """Give one of the `results` of a response; the result of a text without a prediction is empty."""
        if prediction is None:
            return {"result": [], "score": None, "model_version": version}
        return {"result": self._result(prediction.intents), "score": prediction.score, "model_version": version}

    def _result(self, intents: Sequence[Intent]) -> list[dict[str, Any]]:
        if not intents or any(intent not in self.labels for intent in intents):
            return []
        return result_of(self.control, [self.labels[intent] for intent in intents])


@functools.lru_cache(maxsize=64)
def prediction_form(label_config: str, intents: tuple[Intent, ...]) -> PredictionForm:
    """Find the control of a label config that has labels for the most of a bundle's intents.

    Args:
        label_config: XML, as a project has it.
        intents: of the bundle.

    Raises:
        WorkbenchError: the config cannot be read, no control has any of the labels, two have as many, or Label Studio
            takes no predictions for the one that has them.
    """
    controls = read_controls(label_config)
    found = [(offered(control, intents), control) for control in controls.values()]
    found.sort(key=lambda pair: -len(pair[0]))
    if not found or not found[0][0]:
        raise WorkbenchError(
            f"no control of the label config has a label of the model's {len(intents)} intents: {listed(intents)}; "
            f"controls that ask for labels: {', '.join(controls) or 'none'}"
        )
    labels, control = found[0]
    if len(found) > 1 and len(found[1][0]) == len(labels):
        raise WorkbenchError(f"the controls {control.name} and {found[1][1].name} have the same labels")
    if control.data_key is None:
        raise WorkbenchError(f"the control {control.name} does not ask of one key of the tasks' data")
    labels = taken(control, intents)
    return PredictionForm(control, control.data_key, labels, tuple(one for one in intents if one not in labels))


def listed(intents: Sequence[Intent]) -> str:
    """List the first few intents, for messages."""
    return ", ".join(map(intent_label, intents[:LISTED])) + (", …" if len(intents) > LISTED else "")
