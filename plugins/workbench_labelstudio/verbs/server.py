"""What all verbs share: which server, which project, which mirror."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

URL = click.option("--url", help="The server; else LABEL_STUDIO_URL, else the one connected last.")
TOKEN_FILE = click.option(
    "--token-file",
    metavar="FILE",
    help='A file, mode 0600, that holds the token, "-" for standard input; else LABEL_STUDIO_API_KEY, which is '
    "for LABEL_STUDIO_URL, or without that for --url; else what `workbench labelstudio connect` stored.",
)
PROJECT = click.argument("project")  # id, title or address of its page
MIRROR = click.option("--mirror", metavar="FOLDER", help="Where the local copy of the project is kept.")


def server(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which server."""
    return URL(TOKEN_FILE(function))


def connected(url: str | None, token_file: str | None) -> Connection:
    """A connection with the credentials that are found.

    Raises:
        MissingExtra: the extra `labelstudio` is not installed.
        WorkbenchError: see `find_credentials` and `Connection`.
    """
    from workbench.api import resolve

    find = resolve("workbench_labelstudio.http.credentials:find_credentials", "labelstudio")
    connect = resolve("workbench_labelstudio.http.connection:Connection", "labelstudio")
    connection: Connection = connect(find(url, token_file))
    return connection
