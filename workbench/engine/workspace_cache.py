"""The cache of a workspace: a run takes a stage from a run beside it, where the stage has the same key."""

from __future__ import annotations

import dataclasses
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from workbench.engine.run import StageRecord
from workbench.engine.stage import Stage
from workbench.engine.store import Store
from workbench.errors import WorkbenchError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkspaceCache:
    """The other run folders in the folder of a run.

    Args:
        path: the folder of the run that asks; it need not exist yet.
    """

    path: Path

    def find(self, stage: Stage, key: str) -> StageRecord | None:
        """The verified output for `key` in another run, with its origin; None where there is none.

        A run that cannot be read, and an output that was changed, are logged and passed over.
        """
        try:
            runs = self._runs(f"{stage.name}-{key[:8]}*")
        except OSError as error:
            logger.warning("the runs beside %s are not used: %s", self.path, error)
            return None
        for run in runs:
            try:
                found = Store(run).find(stage, key) if self._trusts(run) else None
            except (WorkbenchError, OSError) as error:
                logger.warning("the stages of %s are not used: %s", run, error)
                continue
            if found and stage.reusable(found):
                return dataclasses.replace(found, origin=run)
        return None

    def _runs(self, folder: str) -> list[Path]:
        """The runs that published such a stage, by name."""
        workspace = Path(os.path.normpath(self.path / os.pardir))
        return sorted({found.parents[1] for found in workspace.glob(f"[!.]*/stages/{folder}")})

    def _trusts(self, run: Path) -> bool:
        """Whether a run is another one, of the same user: anybody can put a folder into a place such as /tmp."""
        user = getattr(os, "getuid", lambda: 0)()  # 0 is the owner of everything where files have no owners
        return run.resolve() != self.path.resolve() and run.stat().st_uid == user
