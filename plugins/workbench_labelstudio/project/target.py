"""The project that texts are uploaded to, and how the dataset's intents are given there."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem
from workbench_labelstudio.project.label_config import LabelingQuestion, check_known, path_of
from workbench_labelstudio.project.label_config_edit import extend_config
from workbench_labelstudio.project.project import Project, find_project, read_project
from workbench_labelstudio.tasks.intents import clean
from workbench_labelstudio.tasks.label_config_reader import Control, read_controls
from workbench_labelstudio.tasks.label_form import result_of
from workbench_labelstudio.tasks.words import label_name, listed

if TYPE_CHECKING:
    from workbench.api import Intent
    from workbench_labelstudio.create_options import CreateOptions
    from workbench_labelstudio.http.connection import Connection


@dataclass(frozen=True)
class Target:
    """Where texts go.

    Args:
        project: None if it is not made yet (nothing is written).
        control: what asks for the intents.
        data_key: where a task's data holds its text.
        labels: intent of the dataset -> its label in annotations.
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
        made = result_of(self.control, [self.labels[intent] for intent in intents]) if intents else []
        return [{"id": secrets.token_hex(5), **part} for part in made]


def adopt_project(connection: Connection, question: LabelingQuestion, options: CreateOptions) -> Target:
    """A project that exists, if it asks for the intents.

    Args:
        connection: to the server.
        question: the intents and the text that the dataset needs.
        options: which project, control and key of the data; whether the intents that are missing are added.

    Raises:
        UsageProblem: there is no such project or control, it lacks intents, or takes one where several are needed.
        WorkbenchError: the server refuses the extended label config.
    """
    check_known(question)
    project = find_project(connection, options.project)
    where = f"{connection.url}/projects/{project.id}"
    control = read_controls(project.label_config, where).choose(options.control, where)
    at_control = f"{where}: control {control.name}"
    key = options.text or control.data_key
    if key is None:
        what = "does not say which key of the data holds the text"
        raise UsageProblem(what, where=f"{where}: {control.to_name}", remedy="Give --text")
    if question.several and not control.multiple:
        what = "takes one label, the dataset has texts with several"
        raise UsageProblem(what, where=at_control, remedy='Set choice="multiple" in the label config')
    labels = labels_of(control, question.intents)
    missing = tuple(intent for intent in question.intents if intent not in labels)
    if not missing:
        return Target(project, control, key, labels)
    if not options.extend:
        what = f"lacks {len(missing):,} of {len(question.intents):,} intents: {listed(map(label_name, missing))}"
        raise UsageProblem(what, where=at_control, remedy="Give --extend to add them to its label config")
    if control.kind == "choices" and any(isinstance(intent, tuple) for intent in missing):
        raise UsageProblem("takes no paths, but hierarchical intents are missing", where=at_control)
    config = extend_config(project.label_config, control.name, missing, question.names)
    projects = connection.client.projects
    connection.call(projects.validate_label_config, project.id, label_config=config, where=where)
    if not options.dry_run:
        connection.call(projects.update, project.id, label_config=config, where=where)
        project = read_project(connection, project.id)
    control = read_controls(config, where)[control.name]
    return Target(project, control, key, labels_of(control, question.intents), added=missing)


def labels_of(control: Control, intents: Sequence[Intent]) -> dict[Intent, Intent]:
    """Intent -> label, of those that a control offers; a name may stand for the one path that ends in it."""
    offered: dict[Intent | None, Intent] = {clean(label): label for label in control.labels}
    leaves: dict[str, list[Intent]] = defaultdict(list)
    for label in control.labels:
        leaves[path_of(label)[-1].strip()].append(label)
    found: dict[Intent, Intent] = {}
    for intent in intents:
        ending = leaves[intent] if isinstance(intent, str) else []
        only = ending[0] if len(ending) == 1 else None
        if known := offered.get(intent) or offered.get(path_of(intent)) or only:
            found[intent] = known
        elif not control.closed:
            found[intent] = path_of(intent) if control.kind == "taxonomy" else intent
    return found
