"""The workspace: the folder whose `runs/` holds the runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.engine.run import RUN


@dataclass(frozen=True)
class Workspace:
    """A folder of runs.

    Args:
        path: the folder; the current one by default.
    """

    path: Path = Path()

    def place(self, name: str) -> Path:
        """Where a run of that name belongs."""
        return self.path / "runs" / name

    def runs(self) -> list[Path]:
        """The folder of every run, by name."""
        return [found.parent for found in sorted((self.path / "runs").glob(f"*/{RUN}"))]
