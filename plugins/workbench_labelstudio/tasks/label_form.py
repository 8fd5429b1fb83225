"""Labels in the form that annotations and predictions have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.tasks.label_config_reader import Control


def result_of(control: Control, labels: Iterable[Intent]) -> list[dict[str, Any]]:
    """The `result` of an annotation that gives these labels, of which a control for one takes the first."""
    chosen = [list(label) if isinstance(label, tuple) else label for label in labels]
    value = {control.kind: chosen if control.multiple else chosen[:1]}
    return [{"from_name": control.name, "to_name": control.to_name, "type": control.kind, "value": value}]
