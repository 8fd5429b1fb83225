"""The record of a source: all that its annotators said, beside the dataset that was made of it.

Both files are lines of JSON, as `utterances.jsonl` is: programs read them, whatever stands in a text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.text import well_formed
from workbench_labelstudio.tasks.task_parser import id_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workbench_labelstudio.tasks.task_parser import Annotation
    from workbench_labelstudio.tasks.verdict import Verdict

FOLDER, ANNOTATIONS, DISAGREEMENTS = "labelstudio", "annotations.jsonl", "disagreements.jsonl"
NO_NAME = re.compile(r"[^\w.-]+")
LONGEST_NAME = 60


def write_record(verdicts: Iterable[Verdict], policy: str, name: str, out: Path) -> None:
    """Write `annotations.jsonl` (each annotation, skips too) and `disagreements.jsonl` (each task on which votes
    differ: who said what, and what the policy made of it), by rising ids.

    Args:
        verdicts: what became of all tasks of the source.
        policy: name of the policy.
        name: of the source, which gets a folder of its own.
        out: folder of the dataset; several sources write into it.
    """
    folder = _own_folder(out / FOLDER, name)
    ordered = sorted(verdicts, key=lambda verdict: id_order(verdict.task.id))
    said = (_said(verdict.task.id, annotation) for verdict in ordered for annotation in verdict.task.annotations)
    _write(folder / ANNOTATIONS, said)
    _write(folder / DISAGREEMENTS, (_dispute(verdict, policy) for verdict in ordered if verdict.disputed))


def _dispute(verdict: Verdict, policy: str) -> dict[str, Any]:
    return {
        "task": verdict.task.id,
        "text": verdict.ballot.text,
        "votes": [{"annotator": vote.annotator, "intents": vote.intents} for vote in verdict.votes],
        "policy": policy,
        "intents": None if verdict.reason else verdict.outcome.intents,
    }


def _said(task: str, annotation: Annotation) -> dict[str, Any]:
    line = {
        "task": task,
        "annotation": annotation.id,
        "annotator": annotation.annotator,
        "answers": {name: [*answer.values, *answer.others] for name, answer in annotation.answers.items()},
        "skipped": annotation.skipped,
        "ground_truth": annotation.ground_truth,
        "lead_time": annotation.lead_time,
        "created": annotation.created,
        "updated": annotation.updated,
    }
    return line if annotation.email is None else {**line, "email": annotation.email}


def _own_folder(parent: Path, name: str) -> Path:
    """A new folder: of two sources of one name, the second gets a number."""
    stem = NO_NAME.sub("-", name.removesuffix(".gz").removesuffix(".json")).strip("-.")[:LONGEST_NAME] or "tasks"
    folder, number = parent / stem, 1
    while folder.exists():
        number += 1
        folder = parent / f"{stem}-{number}"
    folder.mkdir(parents=True)
    return folder


def _write(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(well_formed(json.dumps(line, ensure_ascii=False, sort_keys=True)) + "\n")
