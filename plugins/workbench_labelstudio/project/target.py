"""The project that a dataset's texts are uploaded to, new or adopted, and how the intents are given there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench.api.io import locked, make_folder
from workbench_labelstudio.http.write_outcome import make_once
from workbench_labelstudio.project.label_config import path_of, write_config
from workbench_labelstudio.project.project import Project, find_title
from workbench_labelstudio.pull.mirror import server_folder
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls
from workbench_labelstudio.tasks.label_form import offered, result_of
from workbench_labelstudio.tasks.words import label_name, listed

if TYPE_CHECKING:
    from workbench.api import Dataset, Intent
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import CreateOptions


@dataclass(frozen=True)
class Target:
    """Where texts go: under which key of a task's data, and with which label at the control for each intent."""

    project: Project
    control: Control
    data_key: str
    labels: Mapping[Intent, Intent]
    made: bool

    def result(self, intents: tuple[Intent, ...]) -> list[dict[str, Any]]:
        """The result of an annotation that gives these intents; none for (), out of scope."""
        made = result_of(self.control, [self.labels[intent] for intent in intents]) if intents else []
        return [{"id": secrets.token_hex(5), **part} for part in made]


@contextmanager
def alone(connection: Connection, title: str) -> Iterator[None]:
    """Keep other processes of this user from making or filling a project meanwhile: texts would stand twice.

    Raises:
        WorkbenchError: another process does.
    """
    folder = server_folder(connection) / f"create-{hashlib.sha256(title.encode()).hexdigest()[:12]}"
    make_folder(folder)
    with locked(folder, where=f"{connection.url}: project {title!r}", remedy="Wait for it to end"):
        yield


def open_target(connection: Connection, dataset: Dataset, options: CreateOptions) -> Target:
    """The project with the title, if it asks for the intents of the dataset; a new one, if there is none.

    Raises:
        UsageProblem: several have the title; the project has no such control, lacks intents, takes one where several
            are needed, or is for another number of annotators; or an intent cannot be asked for.
        WorkbenchError: the server refuses the title, or an intent stands for two labels.
    """
    if dataset.task == "translation":
        raise UsageProblem("a dataset of translations has no intents", remedy="Give one of the task intent or intents")
    found = find_title(connection, options.title)
    project = found or _make(connection, options.title, write_config(dataset), options.overlap or 1)
    where = f"{connection.url}/projects/{project.id}"
    control = read_controls(project.label_config, where).choose(options.control, where)
    overlap = project.about["maximum_annotations"]
    if control.data_key is None:
        what = "does not say which key of the data holds the text"
        raise UsageProblem(
            what, where=f"{where}: {control.to_name}", remedy='Show one key in the label config: "$text"'
        )
    if options.overlap not in (None, overlap):
        what = f"the project is there already, and lets {overlap} annotators see each text, not {options.overlap}"
        raise UsageProblem(what, where=where, remedy="Set it in the project's settings, and leave out --overlap")
    labels = _labels(control, dataset, f"{where}: control {control.name}")
    return Target(project, control, control.data_key, labels, made=found is None)


def _make(connection: Connection, title: str, config: str, overlap: int) -> Project:
    """Make a project once, whatever happens to the response.

    Raises:
        UsageProblem: the server has made two after all.
    """
    about: dict[str, Any] = {"title": title, "label_config": config, "maximum_annotations": overlap}
    where = f"{connection.url}: project {title!r}"
    make = partial(connection.call, connection.client.projects.create, where=where, repeat=False, **about)
    made = make_once(make, lambda: find_title(connection, title))
    assert made
    return made


def _labels(control: Control, dataset: Dataset, where: str) -> dict[Intent, Intent]:
    """Intent of the dataset -> its label at a control.

    Raises:
        UsageProblem: the control lacks intents, or takes one where several are needed.
        WorkbenchError: an intent stands for two labels.
    """
    if dataset.task == "intents" and not control.multiple:
        what = "takes one label, the dataset has texts with several"
        raise UsageProblem(what, where=where, remedy='Set choice="multiple" in the label config')
    labels = offered(control, dataset.intents)
    if not control.closed:
        nested = control.kind == "taxonomy"
        labels = {one: labels.get(one, path_of(one) if nested else one) for one in dataset.intents}
    if missing := [intent for intent in dataset.intents if intent not in labels]:
        raise UsageProblem(
            f"lacks {len(missing):,} of {len(dataset.intents):,} intents: {listed(map(label_name, missing))}",
            where=where,
            remedy="Add them in Label Studio (Settings, Labeling Interface), or name another project",
        )
    return labels
