"""The project that texts are uploaded to: a new one that asks for a dataset's intents, or one that exists."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.io import locked, make_folder
from workbench_labelstudio.http.connection import Unconfirmed
from workbench_labelstudio.http.write_outcome import looks, settle
from workbench_labelstudio.project.label_config import Question, check_known, path_of, write_config
from workbench_labelstudio.project.label_config_edit import extend_config
from workbench_labelstudio.project.project import Project, find_project, project_titles, read_project
from workbench_labelstudio.pull.mirror import server_folder
from workbench_labelstudio.tasks.intents import clean
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls

if TYPE_CHECKING:
    from workbench.api import Dataset, Intent
    from workbench_labelstudio.http.connection import Connection

TRIES = 3
LISTED = 10


@dataclass(frozen=True)
class Target:
    """Where texts go.

    Args:
        project: None if it is not made yet (nothing is written).
        control: what asks for the intents.
        data_key: where a task's data holds its text.
        labels: intent of the dataset -> its label, as it stands in annotations.
        made: the project is new.
        added: intents that the label config lacked, and holds now.
    """

    project: Project | None
    control: Control
    data_key: str
    labels: Mapping[Intent, Intent]
    made: bool = False
    added: tuple[Intent, ...] = ()

    def result(self, intents: tuple[Intent, ...]) -> list[dict[str, Any]]:
        """The result of an annotation that gives these intents; none for (), out of scope."""
        labels = [self.labels[intent] for intent in intents]
        values = [list(path_of(label)) if self.control.kind == "taxonomy" else label for label in labels]
        if not values:
            return []
        kind = self.control.kind
        about = {"id": secrets.token_hex(5), "from_name": self.control.name, "to_name": self.control.to_name}
        return [{**about, "type": kind, "value": {kind: values}}]


def question_of(dataset: Dataset, **more: Any) -> Question:
    """What to ask for a dataset; `more` are fields of `Question`.

    Raises:
        UsageProblem: the dataset is of a task without intents.
    """
    if dataset.task == "translation":
        raise UsageProblem("a dataset of translations has no intents", remedy="Give one of the task intent or intents")
    out_of_scope = any(row.intents == () for row in dataset)
    return Question(dataset.intents, several=dataset.task == "intents", required=not out_of_scope, **more)


@contextmanager
def alone(connection: Connection, named: str) -> Iterator[None]:
    """Keep other processes of this user from making or filling a project meanwhile: texts would stand twice.

    Args:
        connection: to the server.
        named: what the user calls the project.

    Raises:
        WorkbenchError: another process does.
    """
    folder = server_folder(connection) / f"create-{hashlib.sha256(named.strip().encode()).hexdigest()[:12]}"
    make_folder(folder)
    with locked(folder, where=f"{connection.url}: project {named!r}", remedy="Wait for it to end"):
        yield


def create_project(
    connection: Connection, title: str, question: Question, *, overlap: int | None = None, dry_run: bool = False
) -> Target:
    """A new project, or the one with that title if it asks the same.

    Args:
        connection: to the server.
        title: of the project.
        question: what it asks.
        overlap: how many annotators see each text; None = 1, or what a project that is continued has.
        dry_run: write nothing.

    Raises:
        UsageProblem: a project with that title asks something else, several ask the same, or the title or an intent
            cannot be.
        WorkbenchError: the server refuses the label config.
    """
    title = title.strip()
    config = write_config(question)
    control = read_controls(config)[question.control]
    labels = _labels(control, question.intents)
    connection.request("POST", "api/projects/validate/", json={"label_config": config}, where="the label config")
    if same := _same(connection, title, control):
        _check_overlap(connection, same, overlap)
        return Target(same, control, question.text, labels)
    made = None if dry_run else _make(connection, title, config, control, overlap or 1)
    return Target(made, control, question.text, labels, made=True)


def adopt_project(
    connection: Connection,
    named: str,
    question: Question,
    *,
    control: str | None = None,
    text: str | None = None,
    extend: bool = False,
    dry_run: bool = False,
) -> Target:
    """A project that exists, if it asks for the intents.

    Args:
        connection: to the server.
        named: its id, title or address.
        question: what the dataset needs.
        control: the name of what asks for the intents; None = the only one.
        text: key of the data that holds the text; None = the one that the control is about.
        extend: add the intents that are missing to the label config.
        dry_run: write nothing.

    Raises:
        UsageProblem: there is no such project or control, it lacks intents, or takes one where several are needed.
        WorkbenchError: the server refuses the extended label config.
    """
    check_known(question)
    project = find_project(connection, named)
    where = f"{connection.url}/projects/{project.id}"
    found = read_controls(project.label_config, where).choose(control, where)
    key = text or found.data_key
    if key is None:
        raise UsageProblem(
            "does not say which key of the data holds the text", where=f"{where}: {found.to_name}", remedy="Give --text"
        )
    if question.several and not found.multiple:
        raise UsageProblem(
            "takes one label, the dataset has texts with several",
            where=f"{where}: control {found.name}",
            remedy='Set choice="multiple" in the label config',
        )
    labels = _labels(found, question.intents)
    missing = tuple(intent for intent in question.intents if intent not in labels)
    if missing and not extend:
        raise UsageProblem(
            f"lacks {len(missing):,} of {len(question.intents):,} intents: {_listed(missing)}",
            where=f"{where}: control {found.name}",
            remedy="Give --extend to add them to its label config",
        )
    if missing:
        if found.kind == "choices" and any(isinstance(intent, tuple) for intent in missing):
            raise UsageProblem("takes no paths, but hierarchical intents are missing", where=f"{where}: {found.name}")
        config = extend_config(project.label_config, found.name, missing, question.names)
        connection.call(connection.client.projects.validate_label_config, project.id, label_config=config, where=where)
        if not dry_run:
            connection.call(connection.client.projects.update, project.id, label_config=config, where=where)
            project = read_project(connection, project.id)
        found = read_controls(config, where)[found.name]
        labels = _labels(found, question.intents)
    return Target(project, found, key, labels, added=missing)


def _make(connection: Connection, title: str, config: str, control: Control, overlap: int) -> Project:
    """A new project, of which there is only one: what the server makes late is found before texts are uploaded."""
    lost: Unconfirmed | None = None
    for _ in range(TRIES):
        try:
            made = connection.call(
                connection.client.projects.create,
                title=title,
                label_config=config,
                maximum_annotations=overlap,
                where=f"{connection.url}: project {title!r}",
                repeat=False,
            )
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


def _labels(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Intent -> label, of those that a control offers; a name may stand for the one path that ends in it."""
    offered: dict[Intent | None, Intent] = {clean(label): label for label in control.labels}
    leaves: dict[str, list[Intent]] = defaultdict(list)
    for label in control.labels:
        leaves[path_of(label)[-1].strip()].append(label)
    found: dict[Intent, Intent] = {}
    for intent in intents:
        ending = leaves[intent] if isinstance(intent, str) else []
        one_ends_so = ending[0] if len(ending) == 1 else None
        if known := offered.get(intent) or offered.get(path_of(intent)) or one_ends_so:
            found[intent] = known
        elif not control.closed:
            found[intent] = path_of(intent) if control.kind == "taxonomy" else intent
    return found


def _same(connection: Connection, title: str, control: Control) -> Project | None:
    """The project with that title, if it asks the same.

    Raises:
        UsageProblem: none with that title does, or several do, of which texts would be uploaded to the wrong one.
    """
    same, others = list[Project](), []
    for number, other in sorted(project_titles(connection).items()):
        if other == title:
            project = read_project(connection, number)
            try:
                if read_controls(project.label_config).get(control.name) == control:
                    same.append(project)
                    continue
            except WorkbenchError:  # the label config of somebody's project need not be readable
                pass
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


def _check_overlap(connection: Connection, project: Project, overlap: int | None) -> None:
    has = project.about["maximum_annotations"]
    if overlap not in (None, has):
        raise UsageProblem(
            f"the project {project.title!r} is there already, and lets {has} annotators see each text, not {overlap}",
            where=f"{connection.url}/projects/{project.id}",
            remedy="Set it in the project's settings, and leave out --overlap",
        )


def _listed(intents: tuple[Intent, ...]) -> str:
    names = [" / ".join(path_of(intent)) for intent in intents[:LISTED]]
    more = f" and {len(intents) - LISTED:,} more" if len(intents) > LISTED else ""
    return ", ".join(names) + more
