"""The verb `quickstart`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from workbench.api import Host
from workbench.api.cli import TerminalProgress, check_gate, say, summarize
from workbench.api.engine import RecipeOptions, check_recipe, run_recipe
from workbench_quickstart.advice import check_languages
from workbench_quickstart.recipe import RecipeChoices, recipe_text

EXAMPLES = {  # a text for the HTTP request in each language
    "en": "hi, my parcel was due on monday and its still not here",
    "zh": "你好，我的包裹说好周一到，怎么还没收到",
}


def add_quickstart(cli: click.Group, host: Host) -> None:
    """Add the verb `quickstart`."""

    @cli.command()
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/quickstart-LANGUAGE]"
    )
    @click.option(
        "--language",
        type=click.Choice(tuple(EXAMPLES)),
        default="en",
        show_default=True,
        help="Language of the dataset.",
    )
    @click.option("--encoder", default="minilm", show_default=True, help="Base model: short name, folder or hub name.")
    @click.option("--train", "trainer", default="finetune", show_default=True, help="Trainer; probe is faster.")
    @click.option("--seed", type=int, default=RecipeOptions.seed, show_default=True, help="Seed of all random streams.")
    def quickstart(out: Path | None, language: str, encoder: str, trainer: str, seed: int) -> None:
        """Run the whole chain on the embedded dataset. At the end, the new bundle predicts one text over HTTP.

        \b
        Example:
          workbench quickstart
          workbench quickstart --language zh --encoder path/to/multilingual-e5-small
        """
        check_languages(encoder, {language: 1.0}, host.registry("encoders"))
        choices = RecipeChoices(source=language, trainer=trainer, encoder=encoder)
        values = {**tomllib.loads(recipe_text(choices, host)), "seed": seed}
        out = out or Path("runs") / f"quickstart-{language}"
        run = run_recipe(check_recipe(values, host, "quickstart", Path()), out, host, TerminalProgress())
        summarize(run)
        check_gate(run)
        from workbench_quickstart.http_prediction import predict_over_http

        say(predict_over_http(out, EXAMPLES[language]))
