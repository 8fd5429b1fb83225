"""`workbench labelstudio queue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from workbench.host import Host


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""
