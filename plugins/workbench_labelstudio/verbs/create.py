"""`workbench labelstudio create`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.cli import FOLDER, JSON, echo_json, say
from workbench_labelstudio.verbs.server import connected, server
from workbench_labelstudio.verbs.steps import shown_steps

if TYPE_CHECKING:
    from workbench.api import Dataset, Host
    from workbench_labelstudio.project.create import Target

FILE = click.Path(path_type=Path)


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("dataset", type=FOLDER)
    @click.option("--title", help="Title of the new project.")
    @click.option(
        "--into", metavar="PROJECT", help="A project that exists (id, title or address) instead of a new one."
    )
    @click.option("--extend", is_flag=True, help="With --into: add the intents that its label config lacks.")
    @click.option(
        "--names",
        type=FILE,
        help='What to show in place of an intent: CSV with intent,name, or JSON {"intent": "name"}.',
    )
    @click.option(
        "--control", metavar="NAME", help='Name of what asks for the intent; "intent", or the only one of --into.'
    )
    @click.option(
        "--text", metavar="KEY", help='Key of the data that holds the text; "text", or the one that --into shows.'
    )
    @click.option(
        "--overlap", type=click.IntRange(min=1), help="How many annotators see each text of a new project; 1."
    )
    @click.option("--no-labels", is_flag=True, help="Upload the texts without their labels.")
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
    @server
    @JSON
    def create(dataset: Path, url: str | None, token_file: str | None, as_json: bool, **wanted: Any) -> None:
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

        if bool(wanted["title"]) == bool(wanted["into"]):
            raise UsageProblem("give either --title, for a new project, or --into PROJECT")
        if wanted["into"] and wanted["overlap"]:
            raise UsageProblem("--overlap is for a new project", remedy="Set it in the project's settings")
        if wanted["extend"] and not wanted["into"]:
            raise UsageProblem("--extend needs --into PROJECT")
        loaded = Dataset.load(dataset)
        if not loaded.utterances:
            raise WorkbenchError("the dataset holds no texts", where=dataset)
        _create(loaded, url, token_file, as_json, wanted)


def _create(dataset: Dataset, url: str | None, token_file: str | None, as_json: bool, wanted: dict[str, Any]) -> None:
    from workbench.api import resolve

    upload = resolve("workbench_labelstudio.push.upload:Upload", "labelstudio")
    from workbench_labelstudio.project.create import alone
    from workbench_labelstudio.push.upload import keys_on_server, texts_of

    texts, counts = texts_of(dataset)
    with connected(url, token_file) as connection, alone(connection, wanted["title"] or wanted["into"]):
        target = _target(connection, dataset, wanted)
        there: dict[str, int] = {}
        last = 0
        if target.project and target.project.tasks:
            there, last = keys_on_server(connection, target.project.id, target.data_key)
        missing = [text for text in texts if not text.keys & there.keys()]
        labelled = sum(text.intents is not None for text in missing) if not wanted["no_labels"] else 0
        counts |= {"there": len(texts) - len(missing), "uploaded": len(missing), "labelled": labelled}
        if target.project and missing and not wanted["dry_run"]:
            result = None if wanted["no_labels"] else target.result
            with shown_steps() as log:
                upload(connection, target.project.id, target.data_key, result).run(missing, last, log("upload"))
        base = connection.url
    _report(target, counts, base, as_json, wanted)


def _target(connection: Any, dataset: Dataset, wanted: dict[str, Any]) -> Target:
    from workbench_labelstudio.project.create import adopt_project, create_project, question_of
    from workbench_labelstudio.project.intent_names import read_names

    names = read_names(wanted["names"]) if wanted["names"] else {}
    control, text, dry_run = wanted["control"], wanted["text"], wanted["dry_run"]
    if wanted["into"]:
        question, more = question_of(dataset, names=names), {"extend": wanted["extend"], "dry_run": dry_run}
        return adopt_project(connection, wanted["into"], question, control=control, text=text, **more)
    question = question_of(dataset, names=names, control=control or "intent", text=text or "text")
    return create_project(connection, wanted["title"], question, overlap=wanted["overlap"], dry_run=dry_run)


def _report(target: Target, counts: dict[str, int], base: str, as_json: bool, wanted: dict[str, Any]) -> None:
    project = target.project
    address = f"{base}/projects/{project.id}/data" if project else None
    if as_json:
        about = {"project": project and project.id, "title": project.title if project else wanted["title"].strip()}
        added = [list(intent) if isinstance(intent, tuple) else intent for intent in target.added]
        more = {"url": address, "made": target.made, "added": added, "dry_run": wanted["dry_run"]}
        return echo_json({**about, **more, **counts})
    would = "would be " if wanted["dry_run"] else ""
    if project is None:
        click.echo(f"Project {wanted['title'].strip()!r} would be made")
    else:
        made = "made" if target.made else "continued" if wanted["title"] else "adopted"
        click.echo(f"Project {project.id} {project.title!r}, {would}{made}: {address}")
    if target.added:
        click.echo(f"  {len(target.added):,} intents {would}added to the label config")
    click.echo(
        f"  {counts['uploaded']:,} texts {would}uploaded, {counts['labelled']:,} of them with labels; "
        f"{counts['there']:,} are there already"
    )
    left_out = [f"{counts[name]:,} {words}" for name, words in LEFT_OUT.items() if counts[name]]
    if left_out:
        say(f"  Of {counts['rows']:,} rows: {'; '.join(left_out)}")
    return None


LEFT_OUT = {
    "duplicate": "with a text that stands there before",
    "augmented": "made up, left out",
    "blank": "blank, left out",
    "conflicting": "whose labels contradict each other, uploaded without",
}
