"""`workbench labelstudio pull`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import JSON, SEED, click_options, collect, echo_json, say, shown_steps
from workbench.api.engine import ImportOptions
from workbench.api.io import refuse_existing
from workbench_labelstudio.options import ProjectOptions
from workbench_labelstudio.verbs.server import PROJECT, opened, server_options

if TYPE_CHECKING:
    from workbench.api import Context, Dataset, Host
    from workbench_labelstudio.pull.pull import Pulled

READER = "labelstudio"
DIVISION = ("split", "rare")  # keys of an [[import]]


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @PROJECT
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path), help="The dataset folder to write; none = no dataset."
    )
    @click.option("--full", is_flag=True, help="Read every task anew, also what no time and no count shows.")
    @SEED
    @JSON
    def pull(project: str, out: Path | None, full: bool, seed: int, as_json: bool, **values: Any) -> None:
        """Bring the local copy of PROJECT into step with the server, and write a dataset of it.

        PROJECT is an id, a title or the address of the project's page. The first pull reads every task; later ones what
        has changed. At the end the server's counts of tasks, annotations and skips must be those of the local copy;
        where they are not, every task is compared, and nothing less is called complete. If people work faster than it
        can be read, the difference is named, and the next pull brings the rest. Labels that the label config and the
        annotations do not share are named too. After a crash or Ctrl-C the next pull goes on from there. On the server
        nothing is changed; the first pull has it make an export snapshot, which is deleted afterwards.

        Label Studio sets no time when the Data Manager adds or modifies a data field of many tasks, nor when somebody
        edits its database. A pull may miss that: give --full after it.

        With -o the labelled tasks become a dataset folder, as the import verb writes it. Rows keep the split that they
        were given by earlier pulls, whatever -o is called; new rows are divided as --split says, and without it stand
        in train, which is not remembered. A folder that exists is not overwritten. For a model that is trained again
        and again, use a recipe with the reader "labelstudio" instead: workbench run pulls by itself.

        \b
        Examples:
          workbench labelstudio pull 3
          workbench labelstudio pull 3 -o data/monday --split train=0.8,dev=0.1,test=0.1
        """
        if out:
            refuse_existing(out)
        with brought(project, collect(ProjectOptions, values), full=full) as (pulled, meant):
            dataset = _write(pulled, meant, out, values, seed, host) if out else None
        if as_json:
            echo_json(_as_json(pulled, out, dataset))

    made = [*server_options(ProjectOptions, host), *click_options(ImportOptions)]
    pull.params += [option for option in made if option.name in {*ProjectOptions.__dataclass_fields__, *DIVISION}]


@contextmanager
def brought(project: str, options: ProjectOptions, *, full: bool = False) -> Iterator[tuple[Pulled, ProjectOptions]]:
    """Pull a project, tell what was found, and give what was pulled and the options with annotators by id.

    Args:
        project: its id, title or address.
        options: which server, and what makes an utterance.
        full: see `pull`.
    """
    with opened(project, options) as (connection, found, mirror):
        from workbench_labelstudio.project.annotators import by_id
        from workbench_labelstudio.pull.pull import pull

        with shown_steps() as log:
            pulled = pull(connection, found, mirror, log("pull"), full=full)
        _say(pulled)
        yield pulled, by_id(connection, options)


def _say(pulled: Pulled) -> None:
    project = pulled.project
    for finding in pulled.findings:
        say(f"Note: {finding}")
    say(
        f"project {project.id} ({project.title}): {project.tasks:,} tasks, {project.annotations:,} annotations, "
        f"{project.skips:,} skips; {pulled.added:,} tasks added, {pulled.changed:,} changed, {pulled.removed:,} removed"
    )


def _write(
    pulled: Pulled, options: ProjectOptions, out: Path, values: Mapping[str, Any], seed: int, host: Host
) -> Dataset:
    from workbench.api import check_shares, parse_options
    from workbench.api.cli import import_rows, show_dataset
    from workbench.api.engine import ComponentConfig, RecipeOptions
    from workbench_labelstudio.pull.reader import mirror_tasks
    from workbench_labelstudio.tasks.dataset import tasks_to_dataset

    section = {name: values[name] for name in DIVISION if values[name] is not None}
    source = str(pulled.project.id)
    settings = parse_options(ImportOptions, {**section, "reader": READER, "source": source}, "command line")
    if settings.split is not None:
        check_shares(settings.split, "--split")

    def read(_: str, folder: Path, chosen: ProjectOptions, context: Context) -> Dataset:
        return tasks_to_dataset(mirror_tasks(pulled), chosen, context.host, folder)

    reader = dataclasses.replace(host.registry("readers")[READER], run=read)  # the project was pulled already
    step = ComponentConfig("readers", READER, reader, options, settings)
    top = collect(RecipeOptions, {"seed": seed})
    # what is divided one day must not stay in train because somebody had a look before
    dataset = import_rows(step, top, out, host, pulled.mirror.splits, pins=settings.split is not None)
    show_dataset(dataset, out, as_json=False)
    return dataset


def _as_json(pulled: Pulled, out: Path | None, dataset: Dataset | None) -> dict[str, Any]:
    project = pulled.project
    about: dict[str, Any] = {
        "project": project.id,
        **{name: getattr(project, name) for name in ("title", "tasks", "annotations", "skips")},
        **{name: getattr(pulled, name) for name in ("added", "changed", "removed", "unchanged", "requests", "how")},
        "findings": list(pulled.findings),
        "mirror": str(pulled.mirror.folder),
    }
    if dataset is not None:
        about |= {"dataset": str(out), "rows": len(dataset), "intents": dataset.intents, "counts": dataset.counts}
    return about
