"""`workbench labelstudio agreement`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import JSON, collect, echo_json
from workbench_labelstudio.options import ProjectOptions
from workbench_labelstudio.verbs.pull import brought
from workbench_labelstudio.verbs.server import server_options

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench.api.review import Votes

EXPORTS = (".json", ".json.gz")
OPTIONS = ("text", "control", "taxonomy", "policy", "weights", "url", "token_file", "mirror")


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("source")
    @JSON
    def agreement(source: str, as_json: bool, **values: Any) -> None:
        """Say how far the annotators of a project agree, and where they do not.

        SOURCE is a JSON export of Label Studio (a file, also gzipped), or a project on the server: its id, its title
        or the address of its page. A project is pulled first. Beside each disagreement stands what --policy makes of
        it.

        Cohen's kappa compares two annotators, Krippendorff's alpha all of them: 1 = they always say the same, 0 = no
        more often than by chance. Above 0.8 labels can be relied on; an intent below 0.67 is not understood the same
        way by all, and needs a clearer guideline, or to be merged with another. Skips are no votes.
        """
        votes, where = _votes(source, collect(ProjectOptions, values))
        registry = host.registry("agreements")
        summary = registry[registry.default](votes, host)
        if as_json:
            echo_json({"source": where, **votes.provenance, **summary.figures})
        else:
            click.echo("\n".join([f"{where}:", *summary.words]))

    agreement.params += [option for option in server_options(ProjectOptions, host) if option.name in OPTIONS]


def _votes(source: str, options: ProjectOptions) -> tuple[Votes, str]:
    """The votes of an export, or of a project once it is pulled, and the name of the source."""
    if Path(source).is_file() or source.endswith(EXPORTS):
        from workbench_labelstudio.tasks.export import read_export_votes

        return read_export_votes(source, options), source
    with brought(source, options) as (pulled, meant):
        from workbench_labelstudio.pull.reader import mirror_tasks
        from workbench_labelstudio.tasks.dataset import tasks_to_votes

        return tasks_to_votes(mirror_tasks(pulled), meant), f"project {pulled.project.id}"
