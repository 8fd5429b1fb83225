"""The verb `init`: look at a user's file, and write a recipe for it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click

from workbench.api import SPLITS, Host, UsageProblem, WorkbenchError
from workbench.api.cli import say
from workbench.api.engine import check_recipe
from workbench.api.io import replace_text
from workbench_quickstart.advice import Advice, advise
from workbench_quickstart.inspection import Inspection, inspect_source
from workbench_quickstart.recipe import Wish, recipe_text
from workbench_quickstart.survey import Survey, survey

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def add_init(cli: click.Group, host: Host) -> None:
    """Add the verb."""

    @cli.command()
    @click.argument("source", required=False)
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("recipe.toml"), show_default=True,
        help="The recipe to write.",
    )  # fmt: skip
    @click.option("--reader", help="Reader of the source.  [default: the reader that recognizes it]")
    @click.option("--text", help="Column or key of the text.  [default: guessed from the cells]")
    @click.option("--label", help="Column or key of the intent.  [default: guessed from the cells]")
    @click.option("--encoder", help="Base model: short name, folder or hub name.  [default: by the languages]")
    @click.option("--train", "trainer", help="Trainer.  [default: by the rows per intent]")
    @click.option("--force", is_flag=True, help="Overwrite a recipe that exists.")
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
        """Look at SOURCE and write a recipe for it that runs unchanged.

        SOURCE is a file, a folder or a name that a reader knows. The format, encoding, columns and languages are
        recognized; the trainer and the encoder are recommended. Without SOURCE, the recipe is for the embedded dataset.

        \b
        Example:
          workbench init orders.csv
          workbench init export.zip -o bot.toml --train probe
        """
        if out.exists() and not force:
            raise WorkbenchError("exists already", where=out, remedy="Give another name with -o, or --force")
        given = {key: value for key, value in (("text", text), ("label", label)) if value is not None}
        if source is None and (reader or given):
            raise UsageProblem("no source is named", remedy="workbench init SOURCE")
        wish, lines = _wish_for(source, reader, given, encoder, trainer, out, host)
        recipe = recipe_text(wish, host)
        check_recipe(tomllib.loads(recipe), host, out.name, out.parent)
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_text(out, recipe)
        say("\n".join([*lines, f"wrote {out}", f"next    workbench run {out}"]))


def _wish_for(
    source: str | None,
    reader: str | None,
    given: dict[str, Any],
    encoder: str | None,
    trainer: str | None,
    out: Path,
    host: Host,
) -> tuple[Wish, list[str]]:
    """The recipe to write, and what to say of the source."""
    if source is None:
        return Wish(encoder=encoder or Wish.encoder, trainer=trainer or Wish.trainer), []
    seen = inspect_source(source, reader, given, host)
    found = survey(seen.dataset)
    if not found.per_intent:
        raise WorkbenchError(
            f"no row of the {found.rows:,} has an intent",
            where=source,
            remedy="Name the column of the intent with --label, or label some rows first",
        )
    advice = advise(found, host, encoder, trainer)
    chosen = ", ".join(f"{key} {value!r}" for key, value in seen.options.items())
    lines = [f"{source}: reader {seen.reader}{f' ({chosen})' if chosen else ''}", *found.lines(), *advice.lines()]
    return _wish(source, seen, found, advice, lines, out, host), lines


def _wish(
    source: str, seen: Inspection, found: Survey, advice: Advice, lines: list[str], out: Path, host: Host
) -> Wish:
    is_path = not host.registry("readers")[seen.reader].named and Path(source).exists()
    return Wish(
        source=os.path.relpath(source, out.parent) if is_path and not Path(source).is_absolute() else source,
        reader=seen.reader,
        reader_options=seen.options,
        split=None if set(found.splits) == set(SPLITS) else SHARES,
        trainer=advice.trainer,
        encoder=advice.encoder,
        rare="train" if min(found.per_intent.values()) < len(SPLITS) else "refuse",
        comments=("What was seen and recommended:", *(f"  {line}" for line in lines), ""),
    )
