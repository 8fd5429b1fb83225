"""Label Studio, both ways: tasks become datasets, each one that is left out counted by its reason; texts, predictions
and doubts go back; and a served bundle is the model of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workbench.api import Reader, hookimpl
from workbench_labelstudio import verbs
from workbench_labelstudio.options import TaskOptions
from workbench_labelstudio.project_options import ProjectOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.api import Host
    from workbench.api.serving import Service


@hookimpl
def readers() -> Mapping[str, Reader]:
    """The readers of projects and of export files."""
    return {
        "labelstudio": Reader(
            run="workbench_labelstudio.pull.reader:read_project",
            options=ProjectOptions,
            extra="labelstudio",
            remote=True,
            named=True,
            summary="a project on a Label Studio server: its id, title or address",
        ),
        "labelstudio-export": Reader(
            run="workbench_labelstudio.tasks.export:read_export",
            options=TaskOptions,
            summary="a Label Studio JSON export, also gzipped",
        ),
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """The group `labelstudio`."""
    verbs.add(cli, host)


@hookimpl
def register_routes(app: Any, service: Service) -> None:
    """`/label-studio`: the bundle as a project's model."""
    from workbench_labelstudio.live.backend import add_routes

    add_routes(app, service)
