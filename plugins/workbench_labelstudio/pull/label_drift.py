"""What the label config and the annotations of a mirror say of the labels, and what a pull remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.api import WorkbenchError
from workbench_labelstudio.pull.mirror import TOUCHED
from workbench_labelstudio.tasks.drift import drift, note_labels, noted_labels, strange_controls
from workbench_labelstudio.tasks.label_config_reader import read_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror
    from workbench_labelstudio.tasks.label_config_reader import Control

CONFIG, LABELS, STANDING = "config", "labels", "drift"  # notes in the mirror


def note_drift(project: Project, mirror: Mirror) -> list[str]:
    """What the user should know of the labels, and what changed in them since the last pull; it is remembered.

    Args:
        project: as it is now.
        mirror: in step with it.
    """
    if not mirror.noted(TOUCHED) and mirror.noted(CONFIG) == project.label_config:
        standing: list[str] = mirror.noted(STANDING)
        return standing
    try:
        controls = read_controls(project.label_config, where=f"project {project.id}")
    except WorkbenchError as error:  # the tasks are as good as ever, and the reader says what it cannot read
        return [str(error)]
    findings = [finding for control in controls.values() for finding in _changes(control, mirror)]
    standing = [finding for control in controls.values() for finding in _standing(control, mirror)]
    standing += strange_controls(mirror.tasks(), {*controls, *(project.about.get("parsed_label_config") or ())})
    mirror.forget(TOUCHED)
    mirror.note(CONFIG, project.label_config)
    mirror.note(LABELS, {control.name: note_labels(control.labels) for control in controls.values()})
    mirror.note(STANDING, standing)
    return findings + standing


def _changes(control: Control, mirror: Mirror) -> Iterator[str]:
    earlier = noted_labels((mirror.noted(LABELS) or {}).get(control.name))
    yield from drift(control.labels, (), control.name, earlier, closed=control.closed)


def _standing(control: Control, mirror: Mirror) -> Iterator[str]:
    yield from drift(control.labels, mirror.tasks(), control.name, closed=control.closed)
