"""The verb `quickstart`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from workbench.api import Host
from workbench.api.cli import TerminalProgress, check_gate, say, summarize
from workbench.api.engine import RecipeOptions, check_recipe, run_recipe
from workbench_quickstart.advice import check_languages
from workbench_quickstart.recipe import Wish, recipe_text

ASKED = {"en": "hi, my parcel was due on monday and its still not here", "zh": "你好，我的包裹说好周一到，怎么还没收到"}


def add_quickstart(cli: click.Group, host: Host) -> None:
    """Add the verb."""

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
        check_languages(encoder, {language: 1.0}, host.registry("encoders"))
        wish = Wish(source=language, trainer=trainer, encoder=encoder)
        values = {**tomllib.loads(recipe_text(wish, host)), "seed": seed}
        out = out or Path("runs") / f"quickstart-{language}"
        run = run_recipe(check_recipe(values, host, "quickstart", Path()), out, host, TerminalProgress())
        summarize(run)
        check_gate(run)
        from workbench_quickstart.ask import ask_server

        say(ask_server(out, ASKED[language]))
