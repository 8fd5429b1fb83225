"""Label Studio, both ways: tasks become datasets, each one that is left out counted by its reason; texts, predictions
and doubts go back; and a served bundle is the model of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench.api import Mount, Reader, hookimpl
from workbench_labelstudio import verbs
from workbench_labelstudio.options import ProjectOptions, TaskOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.api import Host


@hookimpl
def readers() -> Mapping[str, Reader]:
    """The readers of projects and of export files."""
    return {
        "labelstudio": Reader(
            run="workbench_labelstudio.pull.reader:read_project",
            votes="workbench_labelstudio.pull.reader:read_project_votes",
            calls=("consolidations",),
            options=ProjectOptions,
            extra="labelstudio",
            remote=True,
            named=True,
            summary="a project on a Label Studio server: its id, title or address",
        ),
        "labelstudio-export": Reader(
            run="workbench_labelstudio.tasks.export:read_export",
            votes="workbench_labelstudio.tasks.export:read_export_votes",
            calls=("consolidations",),
            options=TaskOptions,
            summary="a Label Studio JSON export, also gzipped",
        ),
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """The group `labelstudio`."""
    verbs.add(cli, host)


@hookimpl
def mounts() -> Mapping[str, Mount]:
    """Routes below `/label-studio`, if the server is asked for them."""
    return {
        "label-studio": Mount(
            run="workbench_labelstudio.live.routes:add_routes",
            extra="labelstudio",
            summary="the served bundle as the model of Label Studio projects",
        )
    }
