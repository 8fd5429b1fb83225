"""`workbench labelstudio agreement`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import JSON, click_options, collect
from workbench_labelstudio.project_options import ProjectOptions
from workbench_labelstudio.verbs.pull import brought

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.api import Host

EXPORTS = (".json", ".json.gz")
OPTIONS = ("text", "control", "taxonomy", "policy", "weights", "url", "token_file", "mirror")


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("source")
    @click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.csv",
        help="Write every disagreement into a new table for Excel: the text, a column for each annotator, the outcome.",
    )
    @JSON
    def agreement(source: str, out: Path | None, as_json: bool, **values: Any) -> None:
        """Say how far the annotators of a project agree, and where they do not.

        SOURCE is a JSON export of Label Studio (a file, also gzipped), or a project on the server: its id, its title
        or the address of its page. A project is pulled first. Beside each disagreement stands what --policy makes of
        it.

        Cohen's kappa compares two annotators, Krippendorff's alpha all of them: 1 = they always say the same, 0 = no
        more often than by chance. Above 0.8 labels can be relied on; an intent below 0.67 is not understood the same
        way by all, and needs a clearer guideline, or to be merged with another. Skips are no votes.
        """
        from workbench.api import resolve

        report = resolve("workbench_labelstudio.tasks.agreement_report:report", "labelstudio")
        show = resolve("workbench_labelstudio.tasks.agreement_report:show", "labelstudio")
        given = collect(ProjectOptions, values)
        tasks, options, where, known = _tasks(source, dataclasses.replace(given, several="explode"))
        show(report(tasks, options, where, out, known), as_json=as_json)

    agreement.params += [option for option in click_options(ProjectOptions) if option.name in OPTIONS]


def _tasks(source: str, options: ProjectOptions) -> tuple[list[Any], ProjectOptions, str, Collection[str]]:
    """The tasks of an export, or those of a project once it is pulled; the options for them, their name, and the
    controls of the label config, () where nobody knows."""
    if Path(source).is_file() or source.endswith(EXPORTS):
        from workbench_labelstudio.tasks.export import read_tasks

        return list(read_tasks(Path(source))), options, source, ()
    from workbench_labelstudio.tasks.controls import with_control
    from workbench_labelstudio.tasks.label_config_reader import read_controls

    with brought(source, options) as (meant, mirror, pulled):
        where = f"project {pulled.project.id}"
        controls = read_controls(pulled.project.label_config, where)
        return list(mirror.tasks()), with_control(meant, controls, where), where, controls
