"""A Label Studio task as JSON -> what it says, without the forms it can take.

`annotations`, `drafts` and `predictions` may hold ids or objects, `completed_by` an id or an object, and paging may
bring an annotation twice. Drafts and predictions are nobody's label and are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import WorkbenchError
from workbench.sources import is_blank
from workbench.text import well_formed


@dataclass(frozen=True, slots=True)
class Answer:
    """What an annotation says for one control.

    Args:
        kind: the type of its results: `choices`, `taxonomy`, `textarea` …
        values: the distinct choices in their order, without white space around them, blank ones left out; () for other
            kinds.
    """

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annotation:
    """What an annotator submitted.

    Args:
        id: the annotation's id.
        annotator: id of who completed it, None when the export does not say.
        answers: by the name of the control (`from_name`).
        skipped: the annotator passed the task over (`was_cancelled`).
        ground_truth: it is marked as the right answer.
        updated: when it was last changed, as it stands in the export: ISO 8601, "" when the export does not say.
    """

    id: str
    annotator: str | None
    answers: Mapping[str, Answer]
    skipped: bool
    ground_truth: bool
    updated: Any


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its annotations.

    Args:
        id: the task's id.
        data: what is annotated, by key.
        meta: what else the project knows of it, by key.
        annotations: in their order, skips included.
        where: the source and the task, for messages.
    """

    id: str
    data: Mapping[str, Any]
    meta: Mapping[str, Any]
    annotations: tuple[Annotation, ...]
    where: str

    def value(self, key: str) -> str | None:
        """The text or number under a key of `data`, else of `meta`; None where there is none.

        Raises:
            WorkbenchError: it is a list or an object.
        """
        value = self.data[key] if key in self.data else self.meta.get(key)
        if isinstance(value, (dict, list)):
            raise WorkbenchError(
                f"{key!r} holds {'an object' if isinstance(value, dict) else 'a list'}, not a text",
                where=self.where,
                remedy="Name a key that holds texts",
            )
        return None if value is None else well_formed(str(value))


def parse_task(task: Mapping[str, Any], source: object) -> Task:
    """The task that a JSON object describes.

    Args:
        task: as Label Studio exports it.
        source: where it comes from, for messages.

    Raises:
        WorkbenchError: it is no Label Studio task, or its annotations are bare ids.
    """
    try:
        number = well_formed(str(task["id"]))
        where = f"{source}: task {number}"
        given = task.get("annotations") or ()
        if any(isinstance(annotation, (int, str)) for annotation in given):
            raise WorkbenchError(
                "holds annotations as bare ids, which say nothing of the label",
                where=where,
                remedy="Export it with full annotations",
            )
        annotations = {annotation.id: annotation for annotation in map(_annotation, given)}
        return Task(number, dict(task["data"]), dict(task.get("meta") or {}), tuple(annotations.values()), where)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WorkbenchError(
            f"is no Label Studio task ({type(error).__name__}: {error})",
            where=f"{source}: task {task.get('id') if isinstance(task, Mapping) else task!r:.40}",
            remedy="Export the project again as JSON",
        ) from error


def _annotation(value: Mapping[str, Any]) -> Annotation:
    who = value.get("completed_by")
    annotator = who.get("id") if isinstance(who, Mapping) else who
    return Annotation(
        id=str(value["id"]),
        annotator=None if annotator is None else str(annotator),
        answers=_answers(value.get("result") or ()),
        skipped=bool(value.get("was_cancelled")),
        ground_truth=bool(value.get("ground_truth")),
        updated=value.get("updated_at") or value.get("created_at") or "",
    )


def _answers(results: Sequence[Mapping[str, Any]]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for result in results:
        if (name := result.get("from_name")) is None:  # a relation between regions answers no control
            continue
        name = well_formed(str(name))
        before = answers[name].values if name in answers else ()
        answers[name] = Answer(result["type"], tuple(dict.fromkeys([*before, *_choices(result)])))
    return answers


def _choices(result: Mapping[str, Any]) -> list[str]:
    if result["type"] != "choices":
        return []
    choices = result["value"]["choices"]
    names = [well_formed(str(choice)).strip() for choice in ([choices] if isinstance(choices, str) else choices)]
    return [name for name in names if not is_blank(name)]
