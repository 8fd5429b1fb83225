"""`workbench runs`: list the runs of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbench.cli.output import echo_json, say, table
from workbench.cli.run import outcome
from workbench.engine.run import Run
from workbench.engine.workspace import Workspace
from workbench.errors import WorkbenchError
from workbench.host import Host


def add(cli: click.Group, host: Host) -> None:
    """Add the verb `runs`."""

    @cli.command()
    @click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def runs(workspace: Path, as_json: bool) -> None:
        """List the runs of a WORKSPACE with accuracy, size and gate. By default, WORKSPACE is the current folder."""
        found = Workspace(workspace).runs()
        if as_json:
            echo_json([_as_json(path) for path in found])
        elif found:
            table(["run", "accuracy", "split", "size", "gate"], [_row(path) for path in found])
        else:
            say(f"No runs in {workspace / 'runs'}. Start one: workbench run RECIPE")


def _as_json(path: Path) -> dict[str, Any]:
    try:
        return outcome(Run.load(path))
    except WorkbenchError as error:
        return {"run": str(path), "error": str(error)}


def _row(path: Path) -> list[str]:
    try:
        run = Run.load(path)
        reports, bundle = run.reports(), run.bundle()
    except WorkbenchError as error:
        return [path.name, "", "", "", f"damaged: {error}"]
    best = next((r for split in ("test", "dev") for r in reversed(reports) if r.split == split), None)
    accuracy = f"{best.metrics.get('accuracy', float('nan')):.4f}" if best else ""
    verdict = {True: "accepted", False: "refused", None: "not checked"}[bundle.accepted] if bundle else "no bundle"
    size = f"{bundle.size() / 1e6:.1f} MB" if bundle else ""
    return [path.name, accuracy, best.split if best else "", size, verdict]
