"""An utterance: one text of a customer, with its intents, split and origin."""

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
    """Map a source's name of a split to the split, such as `validation` to `dev`.

    Raises:
        UsageProblem: no split has this name.
    """
    known = name.strip().casefold()
    if known not in SPLIT_NAMES:
        raise unknown("split", name, SPLIT_NAMES, where=where)
    return SPLIT_NAMES[known]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of a dataset.

    Args:
        id: unique in the dataset, and the same in every later import.
        text: the normalized text that models read.
        raw: the imported text.
        intents: None = unlabelled, () = labelled out of scope.
        target: the translation, for the task `translation`.
        split: `train`, `dev` or `test`; None before splits are assigned.
        group: key of related rows, such as a conversation or a customer; rows of one group share a split.
        language: ISO 639-1 code; None if unknown.
        origin: `import`, or `augment:NAME` for a generated row, whose `meta["parent"]` is the id of its source row.
        meta: other data from the source, as JSON.
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
        """The intent of a row of the task `intent`; None for a row without an intent."""
        return self.intents[0] if self.intents else None

    def to_json(self) -> dict[str, Any]:
        """The utterance as JSON, without fields that have their default value."""
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
        """Build an utterance from the result of `to_json`."""
        known = {**row, "raw": row.get("raw", row["text"])}
        if (intents := row.get("intents")) is not None:
            known["intents"] = tuple(tuple(i) if isinstance(i, list) else i for i in intents)
        return cls(**known)
