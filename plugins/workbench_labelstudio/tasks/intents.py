"""Labels as they stand in annotations -> intents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from workbench.api.io import is_blank
from workbench.api.text import well_formed

if TYPE_CHECKING:
    from workbench.api import Intent

Level = Literal["leaf", "path"]
LEAF: Level = "leaf"
LEVELS: tuple[Level, ...] = ("path", LEAF)
OUT_OF_SCOPE: Intent = ()  # the intent of a text that has none: a path without a name
LABELLED = ("choices", "taxonomy")  # the types of the results that hold labels


def clean(value: Any) -> Intent | None:
    """A choice as text, or a path of a taxonomy as a tuple of texts, root first, without white space around them.

    Blank names are left out; None when nothing is left.

    Raises:
        TypeError: it is neither a name nor a list of names.
    """
    if isinstance(value, (list, tuple)):
        return tuple(name for name in map(_name, value) if name) or None
    return _name(value) or None


def intent_of(label: Intent | None, level: Level) -> Intent | None:
    """The intent that a cleaned label stands for.

    Args:
        label: see `clean`.
        level: of a path, its last name (`leaf`) or all of it (`path`, a hierarchical intent).
    """
    return label[-1] if isinstance(label, tuple) and level == LEAF else label


def _name(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)) or value is None:
        raise TypeError(f"{value!r:.40} is no name of a label")
    name = well_formed(str(value)).strip()
    return "" if is_blank(name) else name
