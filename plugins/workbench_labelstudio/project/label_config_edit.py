"""Choices added to a label config that exists.

Its XML is somebody's work: what is added is put between what stands there, which stays character for character.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from workbench.api import WorkbenchError
from workbench_labelstudio.project.label_config import Question, check_names, grow, path_of

if TYPE_CHECKING:
    from workbench.api import Intent


def extend_config(config: str, control: str, missing: Sequence[Intent], names: Mapping[str, str]) -> str:
    """A label config with more choices at the end of a control; nothing else of it changes.

    Args:
        config: XML, as a project has it.
        control: name of its Choices or Taxonomy.
        missing: the intents to add; of a path, what stands there already is not added again.
        names: what is shown, see `Question`.

    Raises:
        WorkbenchError: the config cannot be read.
    """
    added_names = {name for intent in missing for name in path_of(intent)}
    check_names(Question(missing, names={name: title for name, title in names.items() if name in added_names}))
    root = _find(config, control)
    grown: dict[int, tuple[_Element, list[tuple[str, ...]]]] = {}
    for path in map(path_of, missing):
        element, depth = root, 0
        while depth < len(path) and (child := element.child(path[depth])):
            element, depth = child, depth + 1
        if depth < len(path):
            grown.setdefault(element.start, (element, []))[1].append(path[depth:])
    data = config.encode()
    # from the end, and an element before one that ends with it, so that what is to come keeps its place
    for element, paths in sorted(grown.values(), key=lambda one: (-one[0].end, one[0].start)):
        added = ET.Element("added")
        grow(added, paths, names)
        data = element.with_content(data, [ET.tostring(child, encoding="unicode").encode() for child in added])
    return data.decode()


@dataclass
class _Element:
    """An element of the XML and where it stands, in bytes of UTF-8."""

    tag: str
    attributes: Mapping[str, str]
    start: int
    end: int = 0  # where its end tag begins; where the next thing begins, if it has none
    empty: bool = False  # it has no end tag
    text: bool = False
    children: list[_Element] = field(default_factory=list)

    def child(self, name: str) -> _Element | None:
        """The choice of that name among the children."""
        found = (one for one in self.children if (one.attributes.get("alias") or one.attributes.get("value")) == name)
        return next(found, None)

    def with_content(self, data: bytes, added: Sequence[bytes]) -> bytes:
        """The XML with more at the end of this element, a line each if its end tag has a line of its own."""
        if self.empty:  # <Choice value="a"/>
            head = data[: self.end - len(b"/>")].rstrip()
            return b"".join((head, b">", *added, f"</{self.tag}>".encode(), data[self.end :]))
        before, after = data[: self.end], data[self.end :]
        margin = before[before.rfind(b"\n") + 1 :]
        if margin.strip() or b"\n" not in before:
            return before + b"".join(added) + after
        lines = (margin + b"  " + one for one in added)
        return before[: len(before) - len(margin)] + b"\n".join(lines) + b"\n" + margin + after


def _find(config: str, control: str) -> _Element:
    root = _Element("", {}, 0)
    open_ones = [root]
    parser = expat.ParserCreate("utf-8")
    data = config.encode()

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = _Element(tag, attributes, parser.CurrentByteIndex)
        open_ones[-1].children.append(element)
        open_ones.append(element)

    def end(_: str) -> None:
        element = open_ones.pop()
        element.end = parser.CurrentByteIndex
        element.empty = not (element.children or element.text) and data[: element.end].endswith(b"/>")

    def text(_: str) -> None:
        open_ones[-1].text = True

    def refuse(*_: Any) -> None:
        raise WorkbenchError("the label config has a document type, which is not extended", where=control)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise WorkbenchError(f"the label config cannot be read ({error})", where=control) from error
    waiting = [root]
    for element in waiting:
        if element.attributes.get("name") == control and element.attributes.get("toName"):
            return element
        waiting += element.children
    raise WorkbenchError("the label config has no such control", where=control)
