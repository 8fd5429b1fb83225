"""The workspace cache: a run reuses the stages of sibling runs that have the same key."""

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
    """Published stages of sibling runs, the other run folders in the parent folder of a run.

    Args:
        path: the folder of the run that reuses stages; it need not exist yet.
    """

    path: Path

    def find(self, stage: Stage, key: str) -> StageRecord | None:
        """Find the verified output for `key` in a sibling run, with its origin; None if no run has it.

        Unreadable runs and changed outputs are logged and skipped.
        """
        try:
            runs = self._runs(f"{stage.name}-{key[:8]}*")
        except OSError as error:
            logger.warning("stages of the sibling runs of %s are not reused: %s", self.path, error)
            return None
        for run in runs:
            try:
                record = Store(run).find(stage, key) if self._trusts(run) else None
            except (WorkbenchError, OSError) as error:
                logger.warning("stages of %s are not reused: %s", run, error)
                continue
            if record and stage.reusable(record):
                return dataclasses.replace(record, origin=run)
        return None

    def _runs(self, folder: str) -> list[Path]:
        """Folders of the sibling runs that published a stage in such a folder, sorted by name."""
        workspace = Path(os.path.normpath(self.path / os.pardir))
        return sorted({published.parents[1] for published in workspace.glob(f"[!.]*/stages/{folder}")})

    def _trusts(self, run: Path) -> bool:
        """Whether a run is another run of the same user. Other users can write into shared folders such as /tmp."""
        user = getattr(os, "getuid", lambda: 0)()  # on Windows `st_uid` is 0 for every file
        return run.resolve() != self.path.resolve() and run.stat().st_uid == user
