"""Shared options and helpers of the verbs that run single stages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from workbench.cli.component_command import ComponentCommand
from workbench.cli.options import FieldType
from workbench.engine.sections import ComponentConfig, RecipeOptions
from workbench.errors import UsageProblem
from workbench.host import Host
from workbench.options import option_fields

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
OUT = click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Output folder; must not exist.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def top_option(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the click option for a top-level key of a recipe, with its default and checks."""
    field = next(field for field in option_fields(RecipeOptions) if field.name == name)
    return click.option(f"--{name}", type=FieldType(field), default=field.default, show_default=True, help=field.help)


SEED = top_option("seed")


def offered(
    cli: click.Group, name: str, host: Host, hook: str, **more: Any
) -> Callable[[Callable[..., None]], click.Command]:
    """Register a `ComponentCommand` called `name`; `more` are further arguments of this class."""
    several, choice = more.get("several", False), more.get("choice", "use")
    required = not more.get("default")
    option = click.option(
        f"--{choice}", multiple=several, required=required, metavar="NAME", help="Component to use, see below."
    )

    def register(function: Callable[..., None]) -> click.Command:
        command: click.Command = cli.command(name, cls=ComponentCommand, host=host, hook=hook, **more)(option(function))
        return command

    return register


def steps_of(ctx: click.Context) -> tuple[ComponentConfig, ...]:
    """Return the components in the command line of a `ComponentCommand`, each with its options."""
    command = ctx.command
    assert isinstance(command, ComponentCommand)
    configs = command.component_configs(ctx)
    if not configs:
        known = ", ".join(sorted(command.host.registry(command.hook)))
        raise UsageProblem(f"--{command.choice} is missing", remedy=f"Known: {known}")
    return configs
