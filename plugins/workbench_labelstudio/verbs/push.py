"""`workbench labelstudio push`."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import JSON, echo_json, say
from workbench_labelstudio.verbs.server import MIRROR, PROJECT, connected, server
from workbench_labelstudio.verbs.steps import shown_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.api import Host
    from workbench_labelstudio.push.push import Pushed

MODEL = click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
CONTROL = click.option("--control", metavar="NAME", help="The control that asks for the intent; else the only one.")
TEXT = click.option("--text", metavar="KEY", help="Key of the tasks' data that holds the text; else what is labelled.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing to the server.")


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command("push")
    @MODEL
    @PROJECT
    @click.option(
        "--version",
        metavar="NAME",
        help="Model version to write; else the name of the run or folder, and the model's id.",
    )
    @click.option(
        "--only",
        type=click.Choice(["all", "unlabelled"]),
        default="all",
        show_default=True,
        help="Which tasks get a prediction.",
    )
    @click.option("--keep-stale", is_flag=True, help="Leave the earlier versions of this model's name.")
    @click.option("--no-show", is_flag=True, help="Leave it as it is which model version annotators see.")
    @CONTROL
    @TEXT
    @DRY_RUN
    @JSON
    @MIRROR
    @server
    def push(
        model: Path,
        project: str,
        version: str | None,
        only: Any,
        keep_stale: bool,
        no_show: bool,
        control: str | None,
        text: str | None,
        dry_run: bool,
        as_json: bool,
        mirror: str | None,
        url: str | None,
        token_file: str | None,
    ) -> None:
        """Put the predictions of MODEL onto the tasks of PROJECT.

        MODEL is a bundle, a run or a model folder; PROJECT an id, a title or the address of the project's page. Each
        task gets the most probable intent with its probability as score, under a model version: the name of
        the run or folder and the bundle's id, which is what a served bundle is called, too. Annotators then see it as
        the suggested answer.

        Run it as often as you like: a task that has a prediction of this version gets no second one, so that only new
        tasks and those whose text was edited are written. Predictions of this version that the local copy did not push
        stay if the model says the same, and are replaced if not. A version of another model, or for another control, is
        refused.

        Once the new predictions stand, earlier versions of a model of the same name are removed if they answer the same
        control: those that this local copy pushed, and those called as a push or a served bundle calls them.
        Predictions of others are left alone. Removing takes the server about 5 ms a prediction, during which one on
        SQLite may answer annotators with an error: with --keep-stale it can wait until nobody works.

        Nothing is written when the label config lacks an intent that the model predicts.
        """
        from workbench.api.serving import open_any
        from workbench_labelstudio.project.project import find_project
        from workbench_labelstudio.pull.mirror import mirror_of
        from workbench_labelstudio.push.push import Push
        from workbench_labelstudio.push.push import push as carry_out

        wanted = Push(version, control, text, only, not keep_stale, not no_show, dry_run)
        with connected(url, token_file) as connection:
            found = find_project(connection, project)
            predictor = open_any(model, host)
            with closing(mirror_of(connection, found, mirror)) as place, shown_steps() as log:
                pushed = carry_out(connection, found, place, predictor, wanted, log)
        if as_json:
            echo_json(dataclasses.asdict(pushed))
        for line in _told(pushed):
            say(line)


def _told(pushed: Pushed) -> Iterator[str]:
    would = "would write" if pushed.dry else "wrote"
    yield (
        f"{pushed.version}: {would} {pushed.written:,} predictions; {pushed.standing:,} tasks had theirs, "
        f"{pushed.blank:,} have no text"
    )
    if pushed.replaced:
        yield (
            f"{pushed.version}: {pushed.replaced:,} of these {'would ' if pushed.dry else ''}replace what stood there: "
            "the text was edited, or it said something else"
        )
    for version, count in pushed.removed.items():
        yield f"{version}: {'would remove' if pushed.dry else 'removed'} {count:,} stale predictions"
    if pushed.twins:
        yield f"{pushed.version}: removed {pushed.twins:,} predictions that tasks had twice"
    if not pushed.dry:
        yield f"annotators see {pushed.shows or 'no predictions'}"
    yield from pushed.findings
