"""Label Studio, both ways: tasks become datasets, each one that is left out counted by its reason; texts, predictions
and doubts go back; and a served bundle is the model of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench import hookimpl
from workbench.offers import Reader
from workbench_labelstudio import verbs
from workbench_labelstudio.options import TaskOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.host import Host


@hookimpl
def readers() -> Mapping[str, Reader]:
    """The reader of export files."""
    return {
        "labelstudio-export": Reader(
            run="workbench_labelstudio.reading.export:read_export",
            options=TaskOptions,
            summary="a Label Studio JSON export, also gzipped",
        )
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """The group `labelstudio`."""
    verbs.add(cli, host)
