"""The label config that asks for a dataset's intents. Tags and attributes: https://labelstud.io/tags."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, WorkbenchError
from workbench_labelstudio.tasks.words import listed_labels

if TYPE_CHECKING:
    from workbench.api import Intent

FILTERED = 12  # intents from which on a box to filter them helps
DATA_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # Label Studio's page finds no other in `$key`
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NAMES = 'Give it another name with --names: a CSV with the columns intent and name, or JSON {"intent": "name"}'


@dataclass(frozen=True)
class LabelingQuestion:
    """What annotators are asked.

    Args:
        intents: those to choose from; some may be paths, root first.
        several: whether a text may have several.
        required: whether they have to choose one, or skip.
        names: intent (of a path: each name in it) -> what is shown in its place.
        control: name of the control, as annotations name it.
        text: key of the task's data that holds the text.
    """

    intents: Sequence[Intent]
    several: bool = False
    required: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    control: str = "intent"
    text: str = "text"


def write_config(question: LabelingQuestion) -> str:
    """The XML that asks a question: `Choices`, or a `Taxonomy` where an intent is a path.

    Raises:
        UsageProblem: Label Studio cannot ask for one of the intents, or cannot show the text.
        WorkbenchError: there is no intent.
    """
    check_names(question)
    paths = [path_of(intent) for intent in question.intents]
    nested = any(isinstance(intent, tuple) for intent in question.intents)
    shown = f"{question.text}-shown" if question.text == question.control else question.text
    view = ET.Element("View")
    ET.SubElement(view, "Text", name=shown, value=f"${question.text}")
    asked = {"name": question.control, "toName": shown}
    if question.required:
        asked["required"] = "true"
    if nested:
        leaves_only = not any(path[:-1] in paths for path in paths if len(path) > 1)
        asked |= {"leafsOnly": "true"} if leaves_only else {}
        asked |= {} if question.several else {"maxUsages": "1"}
    else:
        asked |= {"choice": "multiple" if question.several else "single", "showInline": "true"}
        if len(paths) >= FILTERED:
            filtered = {"name": f"{question.control}-filter", "toName": question.control, "placeholder": "Filter"}
            ET.SubElement(view, "Filter", {**filtered, "minlength": "0", "hotkey": "shift+f"})
    control = ET.SubElement(view, "Taxonomy" if nested else "Choices", asked)
    for path in paths:
        add_path(control, path, question.names)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode")


def check_names(question: LabelingQuestion) -> None:
    """Refuse what Label Studio would read otherwise, or lose.

    Raises:
        UsageProblem: see above.
        WorkbenchError: there is no intent.
    """
    if not question.intents:
        raise WorkbenchError("the dataset has no intents to ask for", remedy="Import some rows with their labels")
    for option, name in (("--text", question.text), ("--control", question.control)):
        if not DATA_KEY.fullmatch(name):
            raise UsageProblem(
                f"{name!r} is no name that Label Studio shows", where=option, remedy="Use letters a to z, digits and _"
            )
    known = check_known(question)
    for name in known:
        title = question.names.get(name, name)
        if NO_XML.search(name + title):
            raise UsageProblem(f"the intent {name!r} holds a character that XML has no place for", remedy="Rename it")
        if name != name.strip():
            raise UsageProblem(f"the intent {name!r} begins or ends with white space", remedy="Rename it")
        if title.startswith("$"):
            raise UsageProblem(f"{title!r}: Label Studio takes this for a key of the task's data", remedy=NAMES)
    titles = Counter(question.names.get(name, name) for name in known)
    if twice := [title for title, count in titles.items() if count > 1]:
        raise UsageProblem(f"several intents would be shown as {listed_labels(twice)}", where="--names")


def check_known(question: LabelingQuestion) -> list[str]:
    """The names in the intents.

    Raises:
        UsageProblem: something else is given another name.
    """
    known = list(dict.fromkeys(name for intent in question.intents for name in path_of(intent)))
    if strange := sorted(set(question.names) - set(known)):
        raise UsageProblem(
            f"names {len(strange)} intents that the dataset does not have: {listed_labels(strange)}", where="--names"
        )
    return known


def path_of(intent: Intent) -> tuple[str, ...]:
    """An intent as a path of names, root first."""
    return intent if isinstance(intent, tuple) else (intent,)


def add_path(control: ET.Element, path: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Add the choices of a path below a control, where they are not there yet.

    A choice gets a line of its own if its siblings have one.
    """
    element = control
    for name in path:
        known = next((one for one in element if (one.get("alias") or one.get("value")) == name), None)
        if known is None:
            title = names.get(name, name)
            known = ET.Element("Choice", {"value": title} if title == name else {"value": title, "alias": name})
            if len(element) and not (element.text or "").strip():
                known.tail, element[-1].tail = element[-1].tail, element.text
            element.append(known)
        element = known
