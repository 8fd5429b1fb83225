"""`workbench labelstudio create`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.cli import FOLDER, JSON, collect, echo_json, say, shown_steps
from workbench_labelstudio.options import CreateOptions
from workbench_labelstudio.verbs.server import connected, server_options

if TYPE_CHECKING:
    from workbench.api import Dataset, Host
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.project.target import Target

LEFT_OUT = {
    "duplicate": "with a text that stands there before",
    "augmented": "made up, left out",
    "blank": "blank, left out",
    "conflicting": "whose labels contradict each other, uploaded without",
}


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("dataset", type=FOLDER)
    @JSON
    def create(dataset: Path, as_json: bool, **values: Any) -> None:
        """Make a Label Studio project that asks for the intents of DATASET, and upload its texts.

        DATASET is a folder that `workbench import` wrote. The project shows a text and a choice for each intent (with a
        box to filter many; a taxonomy if the intents are hierarchical), and every text of the dataset becomes one task,
        labelled or not: what stands twice is uploaded once, made-up and blank rows are not. The labels go along as
        annotations; a row that is labelled out of scope gets an empty one, which a pull with empty="out-of-scope"
        brings back. A task's meta keeps id, split, group and language of the row, so that a pull with
        split_key="split" and group_key="group" brings every text back into its split.

        The same command goes on where a killed one stood: a project with this title that asks for the intents is
        continued, and only texts that it lacks are uploaded. Its label config may be of your own making. To show
        annotators another name than the intent, give the choice an alias in Label Studio: value="Refund"
        alias="refund".
        """
        from workbench.api import Dataset

        options: CreateOptions = collect(CreateOptions, values)
        if not options.title.strip():
            raise UsageProblem("--title is missing", remedy="Name the project, which is made if there is none")
        loaded = Dataset.load(dataset)
        if not loaded.utterances:
            raise WorkbenchError("the dataset holds no texts", where=dataset)
        with connected(options.url, options.token_file) as connection:
            target, counts = _fill(connection, loaded, options)
            address = f"{connection.url}/projects/{target.project.id}/data"
        if as_json:
            about = {"project": target.project.id, "title": target.project.title, "url": address, "made": target.made}
            return echo_json({**about, **counts})
        done = "made" if target.made else "continued"
        click.echo(f"Project {target.project.id} {target.project.title!r}, {done}: {address}")
        click.echo(
            f"  {counts['uploaded']:,} texts uploaded, {counts['labelled']:,} of them with labels; "
            f"{counts['there']:,} are there already"
        )
        if left_out := [f"{counts[name]:,} {words}" for name, words in LEFT_OUT.items() if counts[name]]:
            say(f"  Of {counts['rows']:,} rows: {'; '.join(left_out)}")
        return None

    create.params += server_options(CreateOptions)


def _fill(connection: Connection, dataset: Dataset, options: CreateOptions) -> tuple[Target, dict[str, int]]:
    """Make or find the project, and upload what it lacks; how many rows and texts there were of each kind."""
    from workbench_labelstudio.project.target import alone, open_target
    from workbench_labelstudio.push.upload import Upload, keys_on_server, texts_of

    texts, counts = texts_of(dataset)
    with alone(connection, options.title):
        target = open_target(connection, dataset, options)
        project, there, last = target.project, dict[str, int](), 0
        if project.tasks:
            there, last = keys_on_server(connection, project.id, target.data_key)
        missing = [text for text in texts if not text.keys & there.keys()]
        if missing:
            upload = Upload(connection, project.id, target.data_key, target.result if options.labels else None)
            with shown_steps() as log:
                upload.run(missing, last, log("upload"))
    labelled = sum(text.intents is not None for text in missing) if options.labels else 0
    return target, counts | {"there": len(texts) - len(missing), "uploaded": len(missing), "labelled": labelled}
