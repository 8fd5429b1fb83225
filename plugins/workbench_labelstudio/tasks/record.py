"""The record of a source: all that its annotators said, beside the dataset that was made of it.

Both files are lines of JSON, as `utterances.jsonl` is: programs read them, whatever stands in a text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.text import well_formed
from workbench_labelstudio.tasks.intents import OUT_OF_SCOPE
from workbench_labelstudio.tasks.task_parser import id_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workbench_labelstudio.options import TaskOptions
    from workbench_labelstudio.tasks.task_parser import Annotation
    from workbench_labelstudio.tasks.votes import ConsolidatedTasks, Verdict

FOLDER, ANNOTATIONS, DISAGREEMENTS = "labelstudio", "annotations.jsonl", "disagreements.jsonl"
NO_NAME = re.compile(r"[^\w.-]+")
LONGEST_NAME = 60


def write_record(made: ConsolidatedTasks, options: TaskOptions, name: str, out: Path) -> Path:
    """Write `annotations.jsonl` (each annotation, skips too) and `disagreements.jsonl` (each task on which votes
    differ: who said what, and what the policy made of it), by rising ids.

    Args:
        made: what became of all tasks of the source.
        options: that it was made with.
        name: of the source.
        out: folder of the dataset; several sources write into it.

    Returns:
        The folder below `out` that is this source's own.
    """
    folder = _own_folder(out / FOLDER, name)
    ordered = sorted(made.verdicts, key=lambda verdict: id_order(verdict.task.id))
    said = (_said(verdict.task.id, annotation) for verdict in ordered for annotation in verdict.task.annotations)
    _write(folder / ANNOTATIONS, said)
    _write(folder / DISAGREEMENTS, (_dispute(verdict, options, made.policy) for verdict in ordered if verdict.disputed))
    return folder


def _dispute(verdict: Verdict, options: TaskOptions, policy: str) -> dict[str, Any]:
    """A task on which votes differ, as JSON."""
    return {
        "task": verdict.task.id,
        "text": verdict.task.value(options.text),
        "votes": [{"annotator": vote.annotator, "intents": vote.intents} for vote in verdict.votes],
        "policy": policy,
        "intents": [intent for intent in verdict.intents if intent != OUT_OF_SCOPE] if verdict.intents else None,
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
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def _write(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(well_formed(json.dumps(line, ensure_ascii=False, sort_keys=True)) + "\n")
