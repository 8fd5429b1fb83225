"""The reference page of the command line, generated from the `--help` of every verb."""

from __future__ import annotations

from collections.abc import Iterator

import click

WIDTH = 100  # characters of a line of help


def command_line_page(cli: click.Group) -> str:
    """The help of every verb as Markdown, groups before their verbs.

    Args:
        cli: the root of the command line, with the verbs of the plugins.
    """
    lines = ["# Command line", "", "Written by `workbench plugins --command-line`.", ""]
    lines += [
        "The options of a component (`--use NAME`, `--reader NAME`) are listed on the page [Options](options.md).",
        "In a recipe they are keys; on the command line `_` becomes `-`.",
        "",
    ]
    lines += _command(cli, None, "workbench")
    return "\n".join(lines).rstrip() + "\n"


def _command(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    ctx = click.Context(command, parent, name, terminal_width=WIDTH, max_content_width=WIDTH)
    ctx.help_option_names = ["-h", "--help"]
    yield from (f"## {ctx.command_path}", "", "```text", ctx.get_help(), "```", "")
    if isinstance(command, click.Group):
        for each in command.list_commands(ctx):
            found = command.get_command(ctx, each)
            if found is not None and not found.hidden:
                yield from _command(found, ctx, each)
