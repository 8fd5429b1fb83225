"""The store of a run: published stages, each a folder `<name>-<key8>` with `out/` and `stage.json`.

A folder appears whole or not at all, and is never written again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.digests import digest_folder
from workbench.engine.run import FORMAT, RUN, StageRecord
from workbench.engine.stage import Stage
from workbench.errors import WorkbenchError
from workbench.files import Staging, read_json, replace_json, write_json

ABOUT = "stage.json"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """The folder of a run."""

    path: Path

    @property
    def stages(self) -> Path:
        """Where published stages are."""
        return self.path / "stages"

    def work(self, stage: Stage, key: str) -> Path:
        """The scratch folder of a stage: it survives a kill, and is found again under the same key."""
        folder = self.path / "work" / f"{stage.name}-{key[:8]}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def find(self, stage: Stage, key: str) -> StageRecord | None:
        """The published output for `key`, if it stands there unchanged."""
        for folder in self._folders(stage, key):
            about = read_json(folder / ABOUT)
            if about["key"] != key:
                continue
            if digest_folder(folder / "out") == about["digest"]:
                return _record(folder, about, "cached")
            logger.warning("%s was changed after it was written; the stage runs again", folder)
        return None

    def staging(self, stage: Stage, key: str) -> Staging:
        """A hidden folder that becomes the next published one of this key."""
        taken = {folder.name for folder in self._folders(stage, key)}
        name = f"{stage.name}-{key[:8]}"
        names = [name, *(f"{name}-{n}" for n in range(2, len(taken) + 2))]
        return Staging(self.stages / next(name for name in names if name not in taken))

    def seal(self, folder: Path, stage: Stage, key: str, seconds: float, metrics: dict[str, float]) -> StageRecord:
        """Write `stage.json` into the staged folder."""
        (folder / "out").mkdir(exist_ok=True)
        about = {
            "name": stage.name,
            "kind": stage.kind,
            "key": key,
            "digest": digest_folder(folder / "out"),
            "seconds": seconds,
            "metrics": metrics,
        }
        write_json(folder / ABOUT, about)
        return _record(folder, about, "finished")

    def point(self, recipe: dict[str, Any], records: Iterable[StageRecord]) -> None:
        """Let `run.json` point at these stages."""
        stages = [
            {
                "name": r.name,
                "kind": r.kind,
                "path": r.path.relative_to(self.path).as_posix(),
                "key": r.key,
                "digest": r.digest,
                "status": r.status,
                "seconds": r.seconds,
                "metrics": dict(r.metrics),
                "error": r.error,
            }
            for r in records
        ]
        replace_json(self.path / RUN, {"format": FORMAT, "recipe": recipe, "stages": stages})

    def complete(self) -> bool:
        """Whether `run.json` points at a run that came to its end."""
        if not (self.path / RUN).is_file():
            return False
        return all(stage["status"] != "failed" for stage in read_json(self.path / RUN)["stages"])

    def tidy(self) -> None:
        """Remove scratch folders and what killed attempts left; only for the holder of the lock."""
        shutil.rmtree(self.path / "work", ignore_errors=True)
        for folder in self.stages.glob(".*.partial"):
            shutil.rmtree(folder, ignore_errors=True)

    def _folders(self, stage: Stage, key: str) -> list[Path]:
        name = f"{stage.name}-{key[:8]}"
        return [path for path in sorted(self.stages.glob(f"{name}*")) if (path / ABOUT).is_file()]


def _record(folder: Path, about: dict[str, Any], status: str) -> StageRecord:
    return StageRecord(
        about["name"],
        about["kind"],
        folder / "out",
        about["key"],
        about["digest"],
        status,
        about["seconds"],
        about["metrics"],
    )


def open_store(path: Path) -> Store:
    """The store at `path`, made if it is not there.

    Raises:
        WorkbenchError: the folder holds something else.
    """
    store = Store(path)
    if path.exists() and not path.is_dir():
        raise WorkbenchError("is a file, not a run folder", where=path)
    if path.is_dir() and not store.stages.is_dir() and any(entry.name != ".lock" for entry in path.iterdir()):
        raise WorkbenchError("is not empty and holds no run", where=path, remedy="Choose another -o")
    try:
        store.stages.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkbenchError(f"cannot be made: {error.strerror}", where=path) from error
    return store
