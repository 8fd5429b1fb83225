"""`workbench labelstudio push`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import FOLDER, JSON, collect, echo_json, say, shown_steps
from workbench_labelstudio.options import PushOptions
from workbench_labelstudio.verbs.server import PROJECT, opened, server_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.api import Host
    from workbench_labelstudio.push.push import Pushed


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command("push")
    @click.argument("model", type=FOLDER)
    @PROJECT
    @JSON
    def push(model: Path, project: str, as_json: bool, **values: Any) -> None:
        """Put the predictions of MODEL onto the tasks of PROJECT.

        MODEL is a bundle, a run or a model folder; PROJECT an id, a title or the address of the project's page. Each
        task gets the most probable intent with its probability as score, under a model version: the name of
        the run or folder and the bundle's id, which is what a served bundle is called, too. Annotators then see it as
        the suggested answer.

        Run it as often as you like: a prediction of this version that says what the model says stays, and only the
        others are written: for new tasks, texts that were edited, and what somebody else wrote under this version.

        Once the new predictions stand, earlier versions of a model of the same name are removed if they answer the same
        control: those that are called as a push or a served bundle calls them. Predictions of others are left alone.
        Removing takes the server about 5 ms a prediction, during which one on SQLite may answer annotators with an
        error: with --keep-stale it can wait until nobody works.

        Nothing is written when the label config lacks an intent that the model predicts.
        """
        from workbench.api.serving import open_any

        options = collect(PushOptions, values)
        with opened(project, options) as (connection, found, mirror):
            from workbench_labelstudio.push.push import push as carry_out

            predictor = open_any(model, host)
            with shown_steps() as log:
                pushed = carry_out(connection, found, mirror, predictor, options, log)
        if as_json:
            echo_json(dataclasses.asdict(pushed))
        for line in _lines(pushed):
            say(line)

    push.params += server_options(PushOptions)


def _lines(pushed: Pushed) -> Iterator[str]:
    would = "would " if pushed.dry else ""
    yield (
        f"{pushed.version}: {'would write' if pushed.dry else 'wrote'} {pushed.written:,} predictions; "
        f"{pushed.standing:,} tasks had theirs, {pushed.blank:,} have no text"
    )
    if pushed.replaced:
        yield f"{pushed.version}: {pushed.replaced:,} of these {would}replace what said something else"
    for version, count in pushed.removed.items():
        yield f"{version}: {'would remove' if pushed.dry else 'removed'} {count:,} stale predictions"
    if not pushed.dry:
        yield f"annotators see {pushed.shows or 'no predictions'}"
    yield from pushed.findings
