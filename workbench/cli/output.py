"""What verbs print: data on stdout, words for humans on stderr."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def echo_json(value: Any) -> None:
    """One JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def say(text: str) -> None:
    """A line for humans."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print a table that lines up Chinese too."""
    from rich.console import Console

    console = Console(stderr=err)
    _wide(console).print(_drawn(columns, rows))


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of such a table, as wide as the terminal of stdout."""
    import io

    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=_wide(Console()).width).print(_drawn(columns, rows))
    return text.getvalue().rstrip("\n").split("\n")


def _wide(console: Console) -> Console:
    from rich.console import Console

    return console if console.is_terminal else Console(stderr=console.stderr, width=110)


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=box.SIMPLE, pad_edge=False)
    for row in rows:
        drawn.add_row(*[Text(cell, overflow="fold") for cell in row])
    return drawn
