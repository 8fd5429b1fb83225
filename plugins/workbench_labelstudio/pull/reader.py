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
from workbench_labelstudio.pull.pull import pull
from workbench_labelstudio.tasks.controls import with_control
from workbench_labelstudio.tasks.dataset import tasks_to_dataset, tasks_to_votes
from workbench_labelstudio.tasks.label_config_reader import read_controls

if TYPE_CHECKING:
    from workbench.api import Context, Dataset, Host
    from workbench.api.review import Votes
    from workbench_labelstudio.options import ProjectOptions, TaskOptions
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

logger = logging.getLogger(__name__)


def read_project(source: str, out: Path, options: ProjectOptions, context: Context) -> Dataset:
    """The labelled tasks of a project as they are now; its splits are None unless `split_key` names them.

    Args:
        source: the project's id, title or address.
        out: folder of the dataset.
        options: which server, and what makes an utterance.
        context: shows progress, and knows the policies.

    Raises:
        WorkbenchError: see `find_credentials`, `find_project`, `pull`, `by_id` and `read_mirror`.
    """
    with _pulled(source, options, context) as (project, mirror, meant):
        return read_mirror(project, mirror, out, meant, context.host)


def read_project_votes(source: str, options: ProjectOptions, context: Context) -> Votes:
    """What each annotator said of each task of a project as it is now; see `read_project`."""
    with _pulled(source, options, context) as (project, mirror, meant):
        return read_mirror_votes(project, mirror, meant)


@contextmanager
def _pulled(source: str, options: ProjectOptions, context: Context) -> Iterator[tuple[Project, Mirror, ProjectOptions]]:
    """The project, its local copy once it is in step with the server, and the options with annotators by id."""
    with Connection(find_credentials(options.url, options.token_file, named=False)) as connection:
        project = find_project(connection, source)
        with closing(mirror_of(connection, project, options.mirror)) as mirror:
            pulled = pull(connection, project, mirror, context.log)
            for finding in pulled.findings:
                logger.warning("%s", finding)
            yield pulled.project, mirror, by_id(connection, options)


def read_mirror(project: Project, mirror: Mirror, out: Path, options: TaskOptions, host: Host) -> Dataset:
    """The labelled tasks of the local copy.

    Raises:
        WorkbenchError: see `read_controls`, `with_control` and `tasks_to_dataset`.
    """
    title, where = well_formed(project.title), f"project {project.id}"
    provenance = {"reader": "labelstudio", "project": project.id, "title": title}
    controls = read_controls(project.label_config, where)
    chosen = with_control(options, controls, where)
    return tasks_to_dataset(mirror.tasks(), chosen, title, where, provenance, host, out=out, known=controls)


def read_mirror_votes(project: Project, mirror: Mirror, options: TaskOptions) -> Votes:
    """What each annotator said of each task of the local copy; see `read_mirror`."""
    where = f"project {project.id}"
    controls = read_controls(project.label_config, where)
    return tasks_to_votes(mirror.tasks(), with_control(options, controls, where), where, controls)
