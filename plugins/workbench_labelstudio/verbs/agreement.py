"""`workbench labelstudio agreement`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.verbs import JSON
from workbench_labelstudio.verbs.server import MIRROR, server

if TYPE_CHECKING:
    from workbench.host import Host

EXPORTS = (".json", ".json.gz")


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("source")
    @click.option("--control", help="The Choices or Taxonomy control that asks for the intent; needed if several do.")
    @click.option("--text", default="text", show_default=True, help="Key of the task's data that holds the text.")
    @click.option(
        "--taxonomy",
        type=click.Choice(["leaf", "path"]),
        default="leaf",
        show_default=True,
        help="Which part of a taxonomy's path is the intent: its last name, or all of it.",
    )
    @click.option(
        "--policy",
        type=click.Choice(["ground-truth", "majority", "latest", "weighted"]),
        default="ground-truth",
        show_default=True,
        help="Whose outcome is shown beside each disagreement.",
    )
    @click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.csv",
        help="Write every disagreement into a new table for Excel: the text, a column for each annotator, the outcome.",
    )
    @MIRROR
    @server
    @JSON
    def agreement(
        source: str,
        control: str | None,
        text: str,
        taxonomy: Any,
        policy: Any,
        out: Path | None,
        mirror: str | None,
        url: str | None,
        token_file: str | None,
        as_json: bool,
    ) -> None:
        """Say how far the annotators of a project agree, and where they do not.

        SOURCE is a JSON export of Label Studio (a file, also gzipped), or a project on the server: its id, its title
        or the address of its page. A project is pulled first.

        Cohen's kappa compares two annotators, Krippendorff's alpha all of them: 1 = they always say the same, 0 = no
        more often than by chance. Above 0.8 labels can be relied on; an intent below 0.67 is not understood the same
        way by all, and needs a clearer guideline, or to be merged with another. Skips are no votes.
        """
        from workbench.offers import resolve
        from workbench_labelstudio.options import TaskOptions

        report = resolve("workbench_labelstudio.reading.compare:report", "labelstudio")
        show = resolve("workbench_labelstudio.reading.compare:show", "labelstudio")
        options = TaskOptions(text=text, control=control, taxonomy=taxonomy, policy=policy, several="explode")
        tasks, where = _tasks(source, mirror, url, token_file)
        show(report(tasks, options, where, out), as_json=as_json)


def _tasks(source: str, mirror: str | None, url: str | None, token_file: str | None) -> tuple[Any, str]:
    """The tasks of an export, or those of a project once it is pulled; and their name."""
    if Path(source).is_file() or source.endswith(EXPORTS):
        from workbench_labelstudio.reading.export import read_tasks

        return read_tasks(Path(source)), source
    from workbench_labelstudio.verbs.server import connected

    with connected(url, token_file) as connection:
        from workbench_labelstudio.sync.mirror import mirror_of
        from workbench_labelstudio.sync.project import find_project
        from workbench_labelstudio.sync.pull import pull

        project = find_project(connection, source)
        copy = mirror_of(connection, project, mirror)
        try:
            pull(connection, project, copy)
            return list(copy.tasks()), f"{connection.url}/projects/{project.id}"
        finally:
            copy.close()
