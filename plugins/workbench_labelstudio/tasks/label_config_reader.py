"""A label config: the controls that offer labels, and each label as it stands in annotations.

The server's digest of it (`parsed_label_config`) and the SDK's `LabelInterface` list labels flat: of a taxonomy they
lose the paths, and two leaves of one name become one. So the XML itself is read, which needs no SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from workbench.api import WorkbenchError
from workbench_labelstudio.tasks.controls import choose
from workbench_labelstudio.tasks.intents import LABELLED
from workbench_labelstudio.tasks.words import SEPARATOR

if TYPE_CHECKING:
    from workbench.api import Intent

VARIABLE = re.compile(r"\$([^\s${}\[\]]+)")  # the whole value is one key of the data


@dataclass(frozen=True)
class Control:
    """A control that asks for labels of the whole task.

    Args:
        name: as annotations name it (`from_name`).
        kind: the type of its results, `choices` or `taxonomy`.
        multiple: whether an annotator may give several.
        labels: each label as it stands in annotations (the alias where it has one; of a taxonomy or of nested choices
            the path, a tuple, root first) -> the title that annotators see.
        closed: whether an annotator can give no other: labels may also come from a task's data, from another server,
            or from the annotators.
        to_name: of what it asks.
        data_key: key of the task's data that holds that; None when it is not one key.
    """

    name: str
    kind: str
    multiple: bool
    labels: Mapping[Intent, str]
    closed: bool
    to_name: str
    data_key: str | None


class Controls(dict[str, Control]):
    """The controls of a config that ask for labels of the whole task, by their names."""

    def choose(self, wanted: str | None, where: object) -> Control:
        """The control called `wanted`, or the only one.

        Raises:
            UsageProblem: there is none called so, or there are none or several and none is wanted.
        """
        return self[choose({name: control.labels for name, control in self.items()}, wanted, where)]


def read_controls(label_config: str, where: object = None) -> Controls:
    """The Choices and Taxonomy controls of a label config; those that ask per region or per item are left out.

    Args:
        label_config: XML, as a project has it.
        where: what it belongs to, for messages.

    Raises:
        WorkbenchError: it is no label config.
    """
    try:
        tree = ElementTree.fromstring(label_config)  # noqa: S314 - expat bounds how far entities expand
    except ElementTree.ParseError as error:
        raise WorkbenchError(f"the label config cannot be read ({error})", where=where) from None
    values = {tag.get("name"): tag.get("value", "") for tag in tree.iter()}
    controls = Controls()
    for tag in tree.iter():
        name, kind, to_name = tag.get("name"), tag.tag.lower(), tag.get("toName", "").partition(",")[0]
        if name and to_name and kind in LABELLED and "true" not in (tag.get("perRegion"), tag.get("perItem")):
            variable = VARIABLE.fullmatch(values.get(to_name, ""))
            controls[name] = Control(
                name,
                kind,
                _multiple(tag, kind),
                dict(_labels(tag, kind == "taxonomy" or tag.get("allowNested") == "true")),
                not (tag.get("value") or tag.get("apiUrl") or "true" in (tag.get("legacy"), tag.get("allowAddLabels"))),
                to_name,
                variable[1] if variable else None,
            )
    return controls


def _multiple(tag: ElementTree.Element, kind: str) -> bool:
    return tag.get("choice") == "multiple" if kind == "choices" else tag.get("maxUsages") != "1"


def _labels(
    tag: ElementTree.Element, nested: bool, above: tuple[str, ...] = (), titles: tuple[str, ...] = ()
) -> Iterator[tuple[Intent, str]]:
    """The labels below a tag, each before those below it; without nesting, what stands below a choice is not shown."""
    for child in tag:
        value = child.get("value")
        if child.tag != "Choice":
            yield from _labels(child, nested, above, titles)
        elif name := child.get("alias") or value:
            path, shown = (*above, name), (*titles, value or name)
            yield (path if nested else name), SEPARATOR.join(shown)
            if nested:
                yield from _labels(child, nested, path, shown)
