"""The verb `init`: examine a source, and write a recipe for it."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from workbench.api import SPLITS, Host, UsageProblem, WorkbenchError, parse_options
from workbench.api.cli import say
from workbench.api.engine import check_recipe
from workbench.api.io import replace_text
from workbench_quickstart.advice import advise
from workbench_quickstart.inspection import inspect_source, is_remote
from workbench_quickstart.recipe import RecipeChoices, recipe_text
from workbench_quickstart.survey import survey

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def add_init(cli: click.Group, host: Host) -> None:
    """Add the verb `init`."""

    @cli.command()
    @click.argument("source", required=False)
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("recipe.toml"), show_default=True,
        help="Path of the recipe.",
    )  # fmt: skip
    @click.option("--reader", help="Reader of the rows.  [default: the reader that recognizes SOURCE]")
    @click.option("--text", help="Column or key of the text.  [default: chosen by name or cells]")
    @click.option("--label", help="Column or key of the intent.  [default: chosen by name or cells]")
    @click.option("--encoder", help="Base model: short name, folder or hub name.  [default: chosen by the languages]")
    @click.option("--train", "trainer", help="Trainer.  [default: chosen by the rows per intent]")
    @click.option("--force", is_flag=True, help="Overwrite an existing recipe.")
    def init(
        source: str | None,
        out: Path,
        reader: str | None,
        text: str | None,
        label: str | None,
        encoder: str | None,
        trainer: str | None,
        force: bool,
    ) -> None:
        """Examine SOURCE, and write a recipe for it with all options explained. The recipe runs without changes.

        SOURCE is a file or a folder. With --reader, SOURCE can be a name for the reader, such as the title of a Label
        Studio project. Without SOURCE, the recipe is for the embedded dataset.

        The verb recognizes the format, encoding, columns and languages of a file. It recommends a trainer and an
        encoder. A source on a server is not opened before the first run.

        \b
        Example:
          workbench init orders.csv
          workbench init export.zip -o bot.toml --train probe
          workbench init "Customer service" --reader labelstudio
        """
        if out.exists() and not force:
            raise WorkbenchError("exists already", where=out, remedy="Choose another path with -o, or add --force")
        user_options = {key: value for key, value in (("text", text), ("label", label)) if value is not None}
        if source is None:
            if reader or user_options:
                raise UsageProblem("no source for the reader", remedy="Add SOURCE: workbench init SOURCE")
            choices = RecipeChoices()
            lines = []
        elif reader is not None and is_remote(host.registry("readers")[reader], source):
            parse_options(host.registry("readers")[reader].options, user_options, f"reader {reader}")
            choices = RecipeChoices(source, reader, user_options)
            lines = [f"{source}: reader {reader}; the first run opens the source"]
        else:
            choices, lines = _examine(source, reader, user_options, (encoder, trainer), host)
            if not host.registry("readers")[choices.reader].named:
                choices = dataclasses.replace(choices, source=_from_recipe(source, out))
        chosen: dict[str, Any] = {"encoder": encoder, "trainer": trainer}
        choices = dataclasses.replace(choices, **{key: value for key, value in chosen.items() if value is not None})
        recipe = recipe_text(choices, host)
        check_recipe(tomllib.loads(recipe), host, out.name, out.parent)
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_text(out, recipe)
        say("\n".join([*lines, f"wrote {out}", f"next    workbench run {out}"]))


def _examine(
    source: str,
    reader: str | None,
    user_options: Mapping[str, Any],
    chosen: tuple[str | None, str | None],
    host: Host,
) -> tuple[RecipeChoices, list[str]]:
    """Choose a recipe by the rows of a source, and describe the findings.

    Args:
        source: path or name for the reader.
        reader: name of the reader; None = the reader that recognizes the source.
        user_options: options of the reader that the user set.
        chosen: encoder and trainer of the user; None = recommend one.
        host: has the components.

    Raises:
        WorkbenchError: the source cannot be read, or no row has an intent.
    """
    inspection = inspect_source(source, reader, user_options, host)
    found = survey(inspection.dataset)
    if not found.per_intent:
        raise WorkbenchError(
            f"no row of the {found.rows:,} has an intent",
            where=source,
            remedy="Choose the column of the intent with --label, or label some rows first",
        )
    advice = advise(found, host, *chosen)
    options = ", ".join(f"{key} {value!r}" for key, value in inspection.options.items())
    lines = [
        f"{source}: reader {inspection.reader}{f' ({options})' if options else ''}",
        *found.lines(),
        *advice.lines(),
    ]
    choices = RecipeChoices(
        source,
        inspection.reader,
        inspection.options,
        split=None if set(found.splits) == set(SPLITS) else SHARES,
        trainer=advice.trainer,
        encoder=advice.encoder,
        rare="train" if min(found.per_intent.values()) < len(SPLITS) else "refuse",
        comments=("Findings and recommendations:", *(f"  {line}" for line in lines)),
    )
    return choices, lines


def _from_recipe(source: str, out: Path) -> str:
    """Return a relative path as seen from the recipe's folder."""
    path = Path(source)
    return os.path.relpath(path, out.parent) if path.exists() and not path.is_absolute() else source
