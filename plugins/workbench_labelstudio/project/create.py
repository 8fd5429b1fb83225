"""A new project that asks for a dataset's intents, or the one of its title that an earlier call made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.io import locked, make_folder
from workbench_labelstudio.http.connection import Unconfirmed
from workbench_labelstudio.http.write_outcome import looks, settle
from workbench_labelstudio.project.label_config import LabelingQuestion, write_config
from workbench_labelstudio.project.project import Project, project_titles, read_project
from workbench_labelstudio.project.target import Target, labels_of
from workbench_labelstudio.pull.mirror import server_folder
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls

if TYPE_CHECKING:
    from workbench.api import Dataset
    from workbench_labelstudio.create_options import CreateOptions
    from workbench_labelstudio.http.connection import Connection

TRIES = 3


def question_of(dataset: Dataset, **more: Any) -> LabelingQuestion:
    """What to ask for a dataset; `more` are fields of `LabelingQuestion`.

    Raises:
        UsageProblem: the dataset is of a task without intents.
    """
    if dataset.task == "translation":
        raise UsageProblem("a dataset of translations has no intents", remedy="Give one of the task intent or intents")
    out_of_scope = any(row.intents == () for row in dataset)
    return LabelingQuestion(dataset.intents, several=dataset.task == "intents", required=not out_of_scope, **more)


@contextmanager
def alone(connection: Connection, named: str) -> Iterator[None]:
    """Keep other processes of this user from making or filling a project meanwhile: texts would stand twice.

    Args:
        connection: to the server.
        named: the project's title, id or address, as the user gives it.

    Raises:
        WorkbenchError: another process does.
    """
    folder = server_folder(connection) / f"create-{hashlib.sha256(named.encode()).hexdigest()[:12]}"
    make_folder(folder)
    with locked(folder, where=f"{connection.url}: project {named!r}", remedy="Wait for it to end"):
        yield


def create_project(connection: Connection, question: LabelingQuestion, options: CreateOptions) -> Target:
    """A new project, or the one with that title if it asks the same.

    Raises:
        UsageProblem: a project with that title asks something else, several ask the same, or the title or an intent
            cannot be.
        WorkbenchError: the server refuses the label config.
    """
    config = write_config(question)
    control = read_controls(config)[question.control]
    labels = labels_of(control, question.intents)
    connection.request("POST", "api/projects/validate/", json={"label_config": config}, where="the label config")
    if same := _same(connection, options.project, control):
        _check_overlap(connection, same, options.overlap)
        return Target(same, control, question.text, labels)
    made = None if options.dry_run else _make(connection, config, control, options)
    return Target(made, control, question.text, labels, made=True)


def _make(connection: Connection, config: str, control: Control, options: CreateOptions) -> Project:
    """Make the project once: after a lost response, look whether the server has made it, before trying again."""
    title, lost = options.project, None
    create, where = connection.client.projects.create, f"{connection.url}: project {title!r}"
    about: dict[str, Any] = {"title": title, "label_config": config, "maximum_annotations": options.overlap or 1}
    for _ in range(TRIES):
        try:
            made = connection.call(create, where=where, repeat=False, **about)
        except Unconfirmed as error:
            lost = error
            for _ in looks():
                if late := _same(connection, title, control):
                    return late
        else:
            if lost:
                settle()
                _same(connection, title, control)
            return read_project(connection, int(made.id or 0))
    assert lost
    raise lost


def _same(connection: Connection, title: str, control: Control) -> Project | None:
    """The project with that title, if it asks the same.

    Raises:
        UsageProblem: all projects with that title ask something else, or several ask the same.
    """
    same, others = list[Project](), []
    for number, other in sorted(project_titles(connection).items()):
        if other == title:
            project = read_project(connection, number)
            if _asks(project, control):
                same.append(project)
            else:
                others.append(number)
    if len(same) > 1:
        listed = ", ".join(f"{project.id} ({project.tasks:,} tasks)" for project in same)
        raise UsageProblem(
            f"{len(same)} projects are called {title!r} and ask the same: {listed}",
            where=connection.url,
            remedy="Delete the one that is too many (the server made it late, or two commands did at once), or name "
            f"one: --into {same[0].id}",
        )
    if others and not same:
        raise UsageProblem(
            f"there is a project {title!r} already, and it asks something else",
            where=f"{connection.url}/projects/{others[0]}",
            remedy=f"Choose another title, or give --into {others[0]} to add the texts to it",
        )
    return same[0] if same else None


def _asks(project: Project, control: Control) -> bool:
    try:
        return read_controls(project.label_config).get(control.name) == control
    except WorkbenchError:  # the label config of somebody's project need not be readable
        return False


def _check_overlap(connection: Connection, project: Project, overlap: int | None) -> None:
    has = project.about["maximum_annotations"]
    if overlap not in (None, has):
        raise UsageProblem(
            f"the project {project.title!r} is there already, and lets {has} annotators see each text, not {overlap}",
            where=f"{connection.url}/projects/{project.id}",
            remedy="Set it in the project's settings, and leave out --overlap",
        )
