"""`workbench labelstudio create`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import WorkbenchError
from workbench.api.cli import FOLDER, JSON, collect, echo_json, say, shown_steps
from workbench_labelstudio.create_options import CreateOptions
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

        The same command goes on where a killed one stood: a project with this title that asks the same is continued,
        and only texts that it lacks are uploaded. --into does so with a project of another title or making.
        """
        from workbench.api import Dataset

        options: CreateOptions = collect(CreateOptions, values)
        options.check()
        loaded = Dataset.load(dataset)
        if not loaded.utterances:
            raise WorkbenchError("the dataset holds no texts", where=dataset)
        with connected(options.url, options.token_file) as connection:
            target, counts = _create(connection, loaded, options)
            address = f"{connection.url}/projects/{target.project.id}/data" if target.project else None
        if as_json:
            echo_json(_as_json(target, counts, address, options))
        else:
            _tell(target, counts, address, options)

    create.params += server_options(CreateOptions)


def _create(connection: Connection, dataset: Dataset, options: CreateOptions) -> tuple[Target, dict[str, int]]:
    """Make or find the project, and upload what it lacks; how many rows and texts there were of each kind."""
    from workbench_labelstudio.project.create import alone, create_project, question_of
    from workbench_labelstudio.project.intent_names import read_names
    from workbench_labelstudio.project.target import adopt_project
    from workbench_labelstudio.push.upload import Upload, keys_on_server, texts_of

    texts, counts = texts_of(dataset)
    names = read_names(Path(options.names)) if options.names else {}
    with alone(connection, options.project):
        if options.into:
            target = adopt_project(connection, question_of(dataset, names=names), options)
        else:
            asked = {"control": options.control or "intent", "text": options.text or "text"}
            target = create_project(connection, question_of(dataset, names=names, **asked), options)
        project, there, last = target.project, dict[str, int](), 0
        if project and project.tasks:
            there, last = keys_on_server(connection, project.id, target.data_key)
        missing = [text for text in texts if not text.keys & there.keys()]
        if project and missing and not options.dry_run:
            upload = Upload(connection, project.id, target.data_key, target.result if options.labels else None)
            with shown_steps() as log:
                upload.run(missing, last, log("upload"))
    labelled = sum(text.intents is not None for text in missing) if options.labels else 0
    return target, counts | {"there": len(texts) - len(missing), "uploaded": len(missing), "labelled": labelled}


def _as_json(target: Target, counts: dict[str, int], address: str | None, options: CreateOptions) -> dict[str, Any]:
    return {
        "project": target.project and target.project.id,
        "title": target.project.title if target.project else options.project,
        "url": address,
        "made": target.made,
        "added": [list(intent) if isinstance(intent, tuple) else intent for intent in target.added],
        "dry_run": options.dry_run,
        **counts,
    }


def _tell(target: Target, counts: dict[str, int], address: str | None, options: CreateOptions) -> None:
    would = "would be " if options.dry_run else ""
    if target.project is None:
        click.echo(f"Project {options.project!r} would be made")
    else:
        made = "made" if target.made else "continued" if options.title else "adopted"
        click.echo(f"Project {target.project.id} {target.project.title!r}, {would}{made}: {address}")
    if target.added:
        click.echo(f"  {len(target.added):,} intents {would}added to the label config")
    click.echo(
        f"  {counts['uploaded']:,} texts {would}uploaded, {counts['labelled']:,} of them with labels; "
        f"{counts['there']:,} are there already"
    )
    if left_out := [f"{counts[name]:,} {words}" for name, words in LEFT_OUT.items() if counts[name]]:
        say(f"  Of {counts['rows']:,} rows: {'; '.join(left_out)}")
