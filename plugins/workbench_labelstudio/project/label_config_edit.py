"""Choices added to a label config that exists: its order, comments and layout stay, since it is somebody's work."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.api import WorkbenchError
from workbench_labelstudio.project.label_config import LabelingQuestion, add_path, check_names, path_of

if TYPE_CHECKING:
    from workbench.api import Intent


def extend_config(config: str, control: str, missing: Sequence[Intent], names: Mapping[str, str]) -> str:
    """A label config with more choices at the end of a control.

    Args:
        config: XML, as a project has it.
        control: name of its Choices or Taxonomy.
        missing: the intents to add; names of a path that are there already are not added again.
        names: what is shown, see `LabelingQuestion`.

    Raises:
        WorkbenchError: the config cannot be read or has no such control.
    """
    added = {name for intent in missing for name in path_of(intent)}
    check_names(LabelingQuestion(missing, names={name: title for name, title in names.items() if name in added}))
    if "<!DOCTYPE" in config:
        raise WorkbenchError("the label config has a document type, which is not extended", where=control)
    try:
        tree = ET.fromstring(config, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))  # noqa: S314
    except ET.ParseError as error:
        raise WorkbenchError(f"the label config cannot be read ({error})", where=control) from error
    root = next((one for one in tree.iter() if one.get("name") == control and one.get("toName")), None)
    if root is None:
        raise WorkbenchError("the label config has no such control", where=control)
    for path in map(path_of, missing):
        add_path(root, path, names)
    return ET.tostring(tree, encoding="unicode")
