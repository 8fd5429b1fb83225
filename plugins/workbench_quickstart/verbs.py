"""The verbs `quickstart` and `init`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from workbench.api import Host, UsageProblem, WorkbenchError
from workbench.api.cli import TerminalProgress, check_gate, say, summarize
from workbench.api.engine import RecipeOptions, check_recipe, run_recipe
from workbench.api.io import replace_text
from workbench_quickstart.recipe import RecipeChoices, recipe_text

EXAMPLES = {  # a text for the HTTP request in each language
    "en": "hi, my parcel was due on monday and its still not here",
    "zh": "你好，我的包裹说好周一到，怎么还没收到",
}


def add(cli: click.Group, host: Host) -> None:
    """Add the verbs `quickstart` and `init`."""

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
        check_language(language, encoder, host)
        choices = RecipeChoices(source=language, trainer=trainer, encoder=encoder)
        values = {**tomllib.loads(recipe_text(choices, host)), "seed": seed}
        out = out or Path("runs") / f"quickstart-{language}"
        run = run_recipe(check_recipe(values, host, "quickstart", Path()), out, host, TerminalProgress())
        summarize(run)
        check_gate(run)
        from workbench_quickstart.http_prediction import predict_over_http

        say(predict_over_http(out, EXAMPLES[language]))

    @cli.command()
    @click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("recipe.toml"))
    @click.option("--reader", default="quickstart", show_default=True, help="Reader of the rows.")
    @click.option("--source", default="en", show_default=True, help="File, folder or name for the reader.")
    @click.option("--encoder", default="minilm", show_default=True, help="Base model: short name, folder or hub name.")
    @click.option("--train", "trainer", default="finetune", show_default=True, help="Trainer.")
    @click.option("--force", is_flag=True, help="Overwrite PATH.")
    def init(path: Path, reader: str, source: str, encoder: str, trainer: str, force: bool) -> None:
        """Write a recipe with all options explained to PATH. The recipe runs without changes.

        \b
        Example:
          workbench init recipe.toml --reader labelstudio-export --source export.json
        """
        if path.exists() and not force:
            raise WorkbenchError("exists already", where=path, remedy="Choose another PATH, or add --force")
        text = recipe_text(RecipeChoices(source, reader, trainer=trainer, encoder=encoder), host)
        check_recipe(tomllib.loads(text), host, path.name, path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
        say(f"wrote {path}\nnext    workbench run {path}")


def check_language(language: str, encoder: str, host: Host) -> None:
    """Check that a registered encoder supports the language; other encoders pass.

    Raises:
        UsageProblem: the encoder does not support the language.
    """
    known = host.registry("encoders")
    if encoder in known and not {language, "multi"} & set(known[encoder].languages):
        suitable = [name for name, component in known.items() if {language, "multi"} & set(component.languages)]
        raise UsageProblem(
            f"the encoder {encoder} does not support the language {language!r}",
            remedy=f"Set --encoder to a folder, or to one of {', '.join(suitable)}",
        )
