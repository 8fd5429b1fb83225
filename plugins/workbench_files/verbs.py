"""The verb `workbench data export`."""

from __future__ import annotations

from pathlib import Path

import click

from workbench.api import Dataset, UsageProblem, WorkbenchError
from workbench.api.engine import RUN_FILE as RUN
from workbench.api.engine import Run
from workbench.api.io import replace_text

BOM = "\ufeff"


def add_verbs(cli: click.Group) -> None:
    """Add `export` to the group `data`; create the group if no other plugin has done so."""
    group = cli.commands.get("data")
    if not isinstance(group, click.Group):
        group = click.Group("data", help="Export datasets.")
        cli.add_command(group)
    group.add_command(export)


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, metavar="FILE", help="FILE.csv or FILE.jsonl; - is stdout.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), help="Format.  [default: the suffix of FILE; csv for -]"
)
@click.option("--bom", is_flag=True, help="Begin a CSV file with a byte order mark, for Excel.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def export(dataset: Path, output: str, form: str | None, bom: bool, force: bool) -> None:
    """Export the rows of a DATASET as CSV or JSONL.

    DATASET is a dataset folder, or a run folder for the run's dataset after cleaning and augmentation. The columns
    are id, text, intent, split, group, language and raw. The readers csv and jsonl restore the same rows.
    """
    from workbench_files.export_formats import FORMATS

    form = form or _format(output)
    if bom and form != "csv":
        raise UsageProblem("only CSV files have a byte order mark", where="--bom", remedy="Remove --bom")
    rows = _load(dataset)
    text = FORMATS[form](rows)
    if bom:
        text = BOM + text
    if output == "-":
        click.echo(text.encode("utf-8"), nl=False)
        return
    _write(Path(output), text, force)
    click.echo(f"{output}: {len(rows):,} rows", err=True)


def _format(output: str) -> str:
    suffix = Path(output).suffix.lower().removeprefix(".")
    if output == "-":
        return "csv"
    if suffix not in ("csv", "jsonl"):
        raise UsageProblem(
            "the suffix of the file is not a known format",
            where=output,
            remedy="Use the suffix .csv or .jsonl, or set --format",
        )
    return suffix


def _load(path: Path) -> Dataset:
    if not (path / RUN).is_file():
        return Dataset.load(path)
    dataset = Run.load(path).dataset()
    if dataset is None:
        raise WorkbenchError(
            "the run has no dataset yet", where=path, remedy=f"Finish the run: workbench run RECIPE -o {path}"
        )
    return dataset


def _write(path: Path, text: str, force: bool) -> None:
    if path.is_dir() or (path.exists() and not force):
        raise WorkbenchError(
            "exists already and is not overwritten",
            where=path,
            remedy="Choose another name" + ("" if path.is_dir() else ", or add --force"),
        )
    try:
        replace_text(path, text)
    except OSError as error:
        raise WorkbenchError(
            f"cannot be written ({error.strerror})", where=path, remedy="Check the folder and the disk"
        ) from error
