"""The embedded customer-service dataset in English and in Chinese, and the verbs `quickstart` and `init`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.api import Reader, hookimpl

if TYPE_CHECKING:
    import click

    from workbench.api import Host


@hookimpl
def readers() -> Mapping[str, Reader]:
    """Register the reader `quickstart` of the embedded dataset, with the sources `en` and `zh`."""
    return {
        "quickstart": Reader(
            run="workbench_quickstart.data:read",
            summary="the embedded customer-service dataset, en or zh",
            named=True,
        )
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """Add the verbs `quickstart` and `init`."""
    from workbench_quickstart.init_verb import add_init
    from workbench_quickstart.quickstart_verb import add_quickstart

    add_quickstart(cli, host)
    add_init(cli, host)
