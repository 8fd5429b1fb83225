"""The verbs `quickstart` and `init`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from workbench.api import Host, UsageProblem, WorkbenchError
from workbench.api.cli import TerminalProgress, check_gate, say, summarize
from workbench.api.engine import RecipeOptions, check_recipe, run_recipe
from workbench.api.io import replace_text
from workbench_quickstart.recipe import Wish, recipe_text

ASKED = {"en": "hi, my parcel was due on monday and its still not here", "zh": "你好，我的包裹说好周一到，怎么还没收到"}


def add(cli: click.Group, host: Host) -> None:
    """Add both verbs."""

    @cli.command()
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/quickstart-LANGUAGE]"
    )
    @click.option(
        "--language", type=click.Choice(tuple(ASKED)), default="en", show_default=True, help="Of the dataset."
    )
    @click.option("--encoder", default="minilm", show_default=True, help="Base model: short name, folder or hub name.")
    @click.option("--train", "trainer", default="finetune", show_default=True, help="Trainer; probe is the quick one.")
    @click.option(
        "--seed", type=int, default=RecipeOptions.seed, show_default=True, help="Every random stream comes from it."
    )
    def quickstart(out: Path | None, language: str, encoder: str, trainer: str, seed: int) -> None:
        """The whole chain on the embedded dataset, up to an answer over HTTP.

        \b
        Example:
          workbench quickstart
          workbench quickstart --language zh --encoder path/to/multilingual-e5-small
        """
        check_language(language, encoder, host)
        wish = Wish(source=language, trainer=trainer, encoder=encoder)
        values = {**tomllib.loads(recipe_text(wish, host)), "seed": seed}
        out = out or Path("runs") / f"quickstart-{language}"
        run = run_recipe(check_recipe(values, host, "quickstart", Path()), out, host, TerminalProgress())
        summarize(run)
        check_gate(run)
        from workbench_quickstart.ask import ask_server

        say(ask_server(out, ASKED[language]))

    @cli.command()
    @click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("recipe.toml"))
    @click.option("--reader", default="quickstart", show_default=True, help="Where the rows come from.")
    @click.option("--source", default="en", show_default=True, help="File, folder or name for the reader.")
    @click.option("--encoder", default="minilm", show_default=True, help="Base model.")
    @click.option("--train", "trainer", default="finetune", show_default=True, help="Trainer.")
    @click.option("--force", is_flag=True, help="Overwrite a file that exists.")
    def init(path: Path, reader: str, source: str, encoder: str, trainer: str, force: bool) -> None:
        """Write a recipe to PATH with every option explained; it runs unchanged.

        \b
        Example:
          workbench init recipe.toml --reader labelstudio-export --source export.json
        """
        if path.exists() and not force:
            raise WorkbenchError("exists already", where=path, remedy="Give another name, or --force")
        text = recipe_text(Wish(source, reader, trainer=trainer, encoder=encoder), host)
        check_recipe(tomllib.loads(text), host, path.name, path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
        say(f"wrote {path}\nnext    workbench run {path}")


def check_language(language: str, encoder: str, host: Host) -> None:
    """Raise when a known encoder does not know the language."""
    known = host.registry("encoders")
    if encoder in known and not {language, "multi"} & set(known[encoder].languages):
        fitting = [name for name, component in known.items() if {language, "multi"} & set(component.languages)]
        raise UsageProblem(
            f"the encoder {encoder} does not know {language!r}",
            remedy=f"Give --encoder with a folder, or one of {', '.join(fitting)}",
        )
