"""An utterance: one thing that a customer said, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import unknown

Intent = str | tuple[str, ...]  # a hierarchical intent is a tuple of names, root first

SPLITS = ("train", "dev", "test")
SPLIT_NAMES = {
    **{name: name for name in SPLITS},
    **dict.fromkeys(("validation", "valid", "val", "develop", "development"), "dev"),
}


def split_named(name: str, *, where: object = None) -> str:
    """The split that a source calls `name`; many say `validation` for `dev`.

    Raises:
        UsageProblem: it is the name of none.
    """
    known = name.strip().casefold()
    if known not in SPLIT_NAMES:
        raise unknown("split", name, SPLIT_NAMES, where=where)
    return SPLIT_NAMES[known]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of a dataset.

    Args:
        id: unique in its dataset and the same in every later import.
        text: what models see.
        raw: what was imported.
        intents: None = unlabelled, () = labelled out of scope.
        target: the translation, for the task `translation`.
        split: `train`, `dev`, `test`, or None while it has none.
        group: rows with the same group (a conversation, a customer) never stand in two splits.
        language: ISO 639-1 code where known.
        origin: `import`, or `augment:NAME` for a made-up row; its `meta["parent"]` is the id that it came from.
        meta: whatever else the source knew, as JSON.
    """

    id: str
    text: str
    raw: str
    intents: tuple[Intent, ...] | None = None
    target: str | None = None
    split: str | None = None
    group: str | None = None
    language: str | None = None
    origin: str = "import"
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def intent(self) -> Intent | None:
        """The one intent of a row of the task `intent`; None when it has none."""
        return self.intents[0] if self.intents else None

    def to_json(self) -> dict[str, Any]:
        """A JSON object without the fields that say nothing."""
        row: dict[str, Any] = {"id": self.id, "text": self.text}
        if self.raw != self.text:
            row["raw"] = self.raw
        if self.intents is not None:
            row["intents"] = [list(i) if isinstance(i, tuple) else i for i in self.intents]
        for name in ("target", "split", "group", "language"):
            if getattr(self, name) is not None:
                row[name] = getattr(self, name)
        if self.origin != "import":
            row["origin"] = self.origin
        if self.meta:
            row["meta"] = dict(self.meta)
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Utterance:
        """The utterance that `to_json` wrote."""
        known = {**row, "raw": row.get("raw", row["text"])}
        if (intents := row.get("intents")) is not None:
            known["intents"] = tuple(tuple(i) if isinstance(i, list) else i for i in intents)
        return cls(**known)
