"""Parse a Label Studio task from any of its JSON variants into a `Task`.

`annotations`, `drafts` and `predictions` may hold ids or objects, `completed_by` an id or an object, and paging may
bring an annotation twice. Drafts and predictions are nobody's label and are not read.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench.api.text import well_formed
from workbench_labelstudio.tasks.intents import LABELLED, clean

if TYPE_CHECKING:
    from workbench.api import Intent


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """What an annotation says for one control.

    Args:
        kind: the type of its results: `choices`, `taxonomy`, `textarea` …
        values: the distinct choices, or paths of a taxonomy (tuples, root first), in their order, without white space
            around the names, blank ones left out; () for other kinds.
        others: the values of other kinds as they stand in the export.
    """

    kind: str
    values: tuple[Intent, ...]
    others: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """What an annotator submitted.

    Args:
        id: the annotation's id.
        annotator: id of who completed it, None when the export does not say.
        email: of who completed it, where the export says so.
        answers: by the name of the control (`from_name`).
        skipped: the annotator passed the task over (`was_cancelled`).
        ground_truth: it is marked as the right answer.
        lead_time: seconds that it took, None when the export does not say.
        created: when it was made, as it stands in the export: ISO 8601, None when the export does not say.
        updated: when it was last changed, likewise.
    """

    id: str
    annotator: str | None
    email: str | None
    answers: Mapping[str, ControlAnswer]
    skipped: bool
    ground_truth: bool
    lead_time: float | None
    created: Any
    updated: Any

    def values(self, control: str | None) -> tuple[Intent, ...]:
        """The labels that it gives to a control."""
        answer = self.answers.get(control) if control else None
        return answer.values if answer else ()


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its annotations.

    Args:
        id: the task's id.
        data: what is annotated, by key.
        meta: what else the project knows of it, by key.
        annotations: by rising id, skips included.
        where: the source and the task, for messages.
    """

    id: str
    data: Mapping[str, Any]
    meta: Mapping[str, Any]
    annotations: tuple[Annotation, ...]
    where: str

    @property
    def submitted(self) -> list[Annotation]:
        """The annotations that are no skips."""
        return [annotation for annotation in self.annotations if not annotation.skipped]

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
        ordered = tuple(annotations[key] for key in sorted(annotations, key=id_order))
        return Task(number, dict(task["data"]), dict(task.get("meta") or {}), ordered, where)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WorkbenchError(
            f"is no Label Studio task ({type(error).__name__}: {error})",
            where=f"{source}: task {task.get('id') if isinstance(task, Mapping) else task!r:.40}",
            remedy="Export the project again as JSON",
        ) from error


def id_order(number: str) -> tuple[int, str]:
    """A key that sorts ids as the server does, by their number; others come last."""
    return (int(number), "") if number.isascii() and number.isdecimal() else (sys.maxsize, number)


def _annotation(value: Mapping[str, Any]) -> Annotation:
    who = value.get("completed_by")
    person = who if isinstance(who, Mapping) else {"id": who}
    lead_time = value.get("lead_time")
    return Annotation(
        id=well_formed(str(value["id"])),
        annotator=_text(person.get("id")),
        email=_text(person.get("email")),
        answers=_answers(value.get("result") or ()),
        skipped=bool(value.get("was_cancelled")),
        ground_truth=bool(value.get("ground_truth")),
        lead_time=lead_time if isinstance(lead_time, (int, float)) and math.isfinite(lead_time) else None,
        created=value.get("created_at"),
        updated=value.get("updated_at"),
    )


def _text(value: Any) -> str | None:
    return None if value is None else well_formed(str(value))


def _answers(results: Sequence[Mapping[str, Any]]) -> dict[str, ControlAnswer]:
    answers: dict[str, ControlAnswer] = {}
    for result in results:
        if (name := result.get("from_name")) is None:  # a relation between regions answers no control
            continue
        name, kind = well_formed(str(name)), result["type"]
        before = answers.get(name) or ControlAnswer(kind, ())
        if kind in LABELLED:
            values = tuple(dict.fromkeys([*before.values, *_labels(result["value"][kind])]))
            answers[name] = ControlAnswer(kind, values, before.others)
        else:
            answers[name] = ControlAnswer(kind, before.values, (*before.others, result.get("value")))
    return answers


def _labels(given: Any) -> list[Intent]:
    labels = map(clean, [given] if isinstance(given, str) else given)
    return [label for label in labels if label is not None]
