"""The workspace: a folder with runs in its subfolder `runs`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.engine.run import RUN


@dataclass(frozen=True)
class Workspace:
    """A folder with runs in its subfolder `runs`.

    Args:
        path: the folder; the current folder by default.
    """

    path: Path = Path()

    def place(self, name: str) -> Path:
        """Folder of the run with a name; it need not exist."""
        return self.path / "runs" / name

    def runs(self) -> list[Path]:
        """Folders of all runs, sorted by name."""
        return [found.parent for found in sorted((self.path / "runs").glob(f"*/{RUN}"))]
