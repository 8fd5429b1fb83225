"""What verbs print: data on stdout, words for humans on stderr."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def echo_json(value: Any) -> None:
    """One JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def say(text: str) -> None:
    """A line for humans."""
    click.echo(text, err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """A table that lines up Chinese too."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=box.SIMPLE, pad_edge=False)
    for row in rows:
        drawn.add_row(*[Text(cell, overflow="fold") for cell in row])
    console = Console(stderr=err)
    if not console.is_terminal:
        console = Console(stderr=err, width=110)
    console.print(drawn)
