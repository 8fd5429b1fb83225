"""A dataset: utterances, the fixed order of their intents, and counts of removed and changed rows."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.io.digests import digest_file
from workbench.io.files import read_json, write_json
from workbench.io.shapes import Shape, check_shape
from workbench.nouns.utterance import Intent, Utterance

INTENT = "intent"  # the task in which each utterance has one intent
FORMAT = 1
SHAPE: Shape = {
    "format": int,
    "task": str,
    "intents": list,
    "counts": dict,
    "provenance": list,
    "normalization": list,
    "sha256": dict,
}
Counts = Mapping[str, Mapping[str, int]]  # source or component -> reason -> number of rows


@dataclass(frozen=True)
class Dataset:
    """Utterances for one task.

    Args:
        task: `intent` (one intent per utterance).
        intents: all intents in a fixed order; label ids are indices into this order.
        utterances: the rows in their order.
        counts: numbers of rows by source or component and by reason, such as removed duplicates.
        provenance: names and digests of the sources, without paths.
        normalization: names of the normalizations that were applied to every `text`, in their order.
    """

    task: str
    intents: tuple[Intent, ...]
    utterances: tuple[Utterance, ...]
    counts: Counts = field(default_factory=dict)
    provenance: tuple[Mapping[str, Any], ...] = ()
    normalization: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def split(self, name: str) -> list[Utterance]:
        """Rows of one split in their order."""
        return [row for row in self.utterances if row.split == name]

    def labelled(self, split: str) -> list[Utterance]:
        """Rows of one split that have an intent."""
        return [row for row in self.utterances if row.split == split and row.intents]

    def label_ids(self, rows: Iterable[Utterance]) -> list[int]:
        """Index of each row's intent in `intents`.

        Raises:
            WorkbenchError: a row has no intent, or an intent that the dataset does not list.
        """
        index = {intent: number for number, intent in enumerate(self.intents)}
        ids = []
        for row in rows:
            if row.intent not in index:
                raise WorkbenchError(
                    f"has the intent {row.intent!r}, which the dataset does not list",
                    where=row.id,
                    remedy="Import the data again",
                )
            ids.append(index[row.intent])
        return ids

    def with_rows(self, utterances: Iterable[Utterance]) -> Dataset:
        """Copy of the dataset with other rows."""
        return dataclasses.replace(self, utterances=tuple(utterances))

    def without(self, removed: Mapping[str, str], by: str) -> Dataset:
        """Copy of the dataset without some rows; the removals are added to the counts.

        Args:
            removed: id of a removed row -> reason.
            by: key of `counts`, such as the cleaner's name.
        """
        kept = tuple(row for row in self.utterances if row.id not in removed)
        return dataclasses.replace(self, utterances=kept).counted(by, Counter(removed.values()))

    def counted(self, by: str, counts: Mapping[str, int]) -> Dataset:
        """Copy of the dataset with `counts` added to its counts under the key `by`."""
        before = Counter(self.counts.get(by, {}))
        before.update(counts)
        return dataclasses.replace(self, counts={**self.counts, by: dict(before)})

    def save(self, out: Path) -> None:
        """Write `utterances.jsonl` and `dataset.json` into the folder `out`."""
        out.mkdir(parents=True, exist_ok=True)
        rows = out / "utterances.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for row in self.utterances:
                file.write(json.dumps(row.to_json(), ensure_ascii=False, sort_keys=True) + "\n")
        sizes = Counter(row.split or "unassigned" for row in self.utterances)
        write_json(
            out / "dataset.json",
            {
                "format": FORMAT,
                "task": self.task,
                "intents": self.intents,
                "counts": self.counts,
                "provenance": self.provenance,
                "normalization": self.normalization,
                "rows": sizes,
                "sha256": {"utterances.jsonl": digest_file(rows)},
            },
        )

    @classmethod
    def load(cls, path: Path) -> Dataset:
        """Read a dataset folder that `save` wrote.

        Raises:
            WorkbenchError: the folder is not a dataset, has a newer format, or its rows were changed.
        """
        if not (path / "dataset.json").is_file():
            raise WorkbenchError(
                "is not a dataset folder: dataset.json is missing",
                where=path,
                remedy="Make a dataset with: workbench import",
            )
        about = read_json(path / "dataset.json")
        check_shape(about, SHAPE, path / "dataset.json")
        if about["format"] > FORMAT:
            raise WorkbenchError(
                f"has dataset format {about['format']}; this program reads formats up to {FORMAT}",
                where=path,
                remedy="Upgrade with: pip install -U intent-workbench",
            )
        rows = path / "utterances.jsonl"
        if not rows.is_file() or digest_file(rows) != about["sha256"].get("utterances.jsonl"):
            raise WorkbenchError(
                "is missing, or was changed after the import",
                where=rows,
                remedy="Import the data again with: workbench import",
            )
        with rows.open(encoding="utf-8") as file:
            utterances = tuple(Utterance.from_json(json.loads(line)) for line in file)
        intents = tuple(tuple(i) if isinstance(i, list) else i for i in about["intents"])
        provenance, normalization = tuple(about["provenance"]), tuple(about["normalization"])
        return cls(about["task"], intents, utterances, about["counts"], provenance, normalization)
