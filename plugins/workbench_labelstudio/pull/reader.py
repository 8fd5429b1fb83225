"""Reader `labelstudio`: a project of a server, brought into step first, then read from the local copy."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api.text import well_formed
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import find_credentials
from workbench_labelstudio.project.annotators import by_id
from workbench_labelstudio.project.project import find_project
from workbench_labelstudio.pull.mirror import mirror_of
from workbench_labelstudio.pull.pull import Pulled, pull
from workbench_labelstudio.tasks.dataset import TaskSource, tasks_to_dataset, tasks_to_votes
from workbench_labelstudio.tasks.label_config_reader import read_controls

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench.api.review import Votes
    from workbench_labelstudio.options import ProjectOptions

logger = logging.getLogger(__name__)


def read_project(source: str, out: Path, options: ProjectOptions, context: Context) -> Dataset:
    """The labelled tasks of a project as they are now; its splits are None unless `split_key` names them.

    Args:
        source: the project's id, title or address.
        out: folder of the dataset.
        options: which server, and what makes an utterance.
        context: shows progress, and knows the policies.

    Raises:
        WorkbenchError: see `find_credentials`, `find_project`, `pull`, `by_id` and `tasks_to_dataset`.
    """
    with _pulled(source, options, context) as (pulled, meant):
        return tasks_to_dataset(mirror_tasks(pulled), meant, context.host, out)


def read_project_votes(source: str, options: ProjectOptions, context: Context) -> Votes:
    """What each annotator said of each task of a project as it is now; see `read_project`."""
    with _pulled(source, options, context) as (pulled, meant):
        return tasks_to_votes(mirror_tasks(pulled), meant)


def mirror_tasks(pulled: Pulled) -> TaskSource:
    """The tasks of a project's local copy.

    Raises:
        WorkbenchError: the label config cannot be read.
    """
    project, where = pulled.project, f"project {pulled.project.id}"
    title = well_formed(project.title)
    provenance = {"reader": "labelstudio", "project": project.id, "title": title}
    return TaskSource(pulled.mirror.tasks(), title, where, provenance, read_controls(project.label_config, where))


@contextmanager
def _pulled(source: str, options: ProjectOptions, context: Context) -> Iterator[tuple[Pulled, ProjectOptions]]:
    """A project whose local copy is in step, and the options with annotators by id."""
    with Connection(find_credentials(options.url, options.token_file, named=False)) as connection:
        project = find_project(connection, source)
        with closing(mirror_of(connection, project, options.mirror)) as mirror:
            pulled = pull(connection, project, mirror, context.log)
            for finding in pulled.findings:
                logger.warning("%s", finding)
            yield pulled, by_id(connection, options)
