"""The verbs `workbench labelstudio …`, one module each; they import what does the work when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench_labelstudio.verbs import agreement, backend, connect, create, pull, push, queue, watch

if TYPE_CHECKING:
    from workbench.api import Host


def add(cli: click.Group, host: Host) -> None:
    """Add the group and its verbs."""

    @cli.group()
    def labelstudio() -> None:
        """Keep a Label Studio project and the workbench in step."""

    for module in (connect, create, pull, agreement, push, queue, watch, backend):
        module.add(labelstudio, host)
