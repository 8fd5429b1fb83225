"""The label config that asks for a dataset's intents. Tags and attributes: https://labelstud.io/tags."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.api import Dataset, Intent

CONTROL, TEXT = "intent", "text"  # name of the control, and key of a task's data
FILTERED = 12  # intents from which on a box to filter them helps
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_config(dataset: Dataset) -> str:
    """The XML that asks for the intents: `Choices`, or a `Taxonomy` where an intent is a path.

    Annotators must give one, or skip, unless some rows are labelled out of scope.

    Raises:
        UsageProblem: Label Studio cannot ask for one of the intents.
        WorkbenchError: there is no intent.
    """
    if not dataset.intents:
        raise WorkbenchError("the dataset has no intents to ask for", remedy="Import some rows with their labels")
    paths, several = [path_of(intent) for intent in dataset.intents], dataset.task == "intents"
    for name in dict.fromkeys(name for path in paths for name in path):
        _check_name(name)
    view = ET.Element("View")
    ET.SubElement(view, "Text", name=TEXT, value=f"${TEXT}")
    asked = {"name": CONTROL, "toName": TEXT}
    if not any(row.intents == () for row in dataset):
        asked["required"] = "true"
    if any(isinstance(intent, tuple) for intent in dataset.intents):
        leaves_only = not any(path[:-1] in paths for path in paths if len(path) > 1)
        asked |= {"leafsOnly": "true"} if leaves_only else {}
        control = ET.SubElement(view, "Taxonomy", asked if several else {**asked, "maxUsages": "1"})
    else:
        if len(paths) >= FILTERED:
            filtered = {"name": f"{CONTROL}-filter", "toName": CONTROL, "placeholder": "Filter"}
            ET.SubElement(view, "Filter", {**filtered, "minlength": "0", "hotkey": "shift+f"})
        asked |= {"choice": "multiple" if several else "single", "showInline": "true"}
        control = ET.SubElement(view, "Choices", asked)
    for path in paths:
        _add_path(control, path)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode")


def path_of(intent: Intent) -> tuple[str, ...]:
    """An intent as a path of names, root first."""
    return intent if isinstance(intent, tuple) else (intent,)


def _check_name(name: str) -> None:
    """Refuse what Label Studio would read otherwise, or lose."""
    problem = None
    if NO_XML.search(name):
        problem = "holds a character that XML has no place for"
    elif name != name.strip():
        problem = "begins or ends with white space"
    elif name.startswith("$"):
        problem = "begins with $, so that Label Studio takes it for a key of the task's data"
    if problem:
        raise UsageProblem(f"the intent {name!r} {problem}", remedy="Rename it")


def _add_path(control: ET.Element, path: Sequence[str]) -> None:
    """Add the choices of a path below a control, where they are not there yet."""
    element = control
    for name in path:
        known = next((one for one in element if one.get("value") == name), None)
        element = ET.SubElement(element, "Choice", value=name) if known is None else known
