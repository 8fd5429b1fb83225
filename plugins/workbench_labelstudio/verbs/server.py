"""What all verbs share: which server, which project, which mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from workbench.api.cli import click_options

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import MirrorOptions
    from workbench_labelstudio.project.project import Project
    from workbench_labelstudio.pull.mirror import Mirror

PROJECT = click.argument("project")  # id, title or address of its page
METAVARS = {"--token-file": "FILE", "--mirror": "FOLDER"}


def server_options(options: type, host: Host | None = None) -> list[click.Option]:
    """The options of a verb as `click_options` makes them, and what their values stand for."""
    made = click_options(options, host=host)
    for option in made:
        option.metavar = METAVARS.get(option.opts[0])
    return made


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


@contextmanager
def opened(project: str, options: MirrorOptions) -> Iterator[tuple[Connection, Project, Mirror]]:
    """The server, a project of it, and the project's local copy.

    Args:
        project: its id, title or address.
        options: which server, and where the local copy is.
    """
    with connected(options.url, options.token_file) as connection:
        from workbench_labelstudio.project.project import find_project
        from workbench_labelstudio.pull.mirror import mirror_of

        found = find_project(connection, project)
        with closing(mirror_of(connection, found, options.mirror)) as mirror:
            yield connection, found, mirror
