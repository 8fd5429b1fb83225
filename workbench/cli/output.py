"""Output of verbs: data on stdout, messages for people on stderr."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def echo_json(value: Any) -> None:
    """Print a JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def say(text: str) -> None:
    """Print a line for people on stderr."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print a table whose columns align with Chinese text too, on stdout, or on stderr with `err`."""
    from rich.console import Console

    console = Console(stderr=err)
    _with_width(console).print(_rich_table(columns, rows))


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, as wide as the terminal of stdout."""
    import io

    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=_with_width(Console()).width).print(_rich_table(columns, rows))
    return text.getvalue().rstrip("\n").split("\n")


def _with_width(console: Console) -> Console:
    """Return the console, or one with a fixed width if the output is not a terminal."""
    from rich.console import Console

    return console if console.is_terminal else Console(stderr=console.stderr, width=110)


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    result = Table(*columns, box=box.SIMPLE, pad_edge=False)
    for row in rows:
        result.add_row(*[Text(cell, overflow="fold") for cell in row])
    return result
