"""The store of a run: published stages, each a folder `<name>-<key8>` with `out/` and `stage.json`.

A folder appears whole or not at all, and is never written again. It may hold `measurements/`, which is not digested.
A stage that a budget refused has that alone, in a folder `<name>`.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.engine.run import FORMAT, MEASUREMENTS, RUN, Run, StageRecord
from workbench.engine.stage import Stage
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_folder
from workbench.io.files import Staging, make_folder, read_json, replace_json, write_json
from workbench.io.shapes import Shape, check_shape

ABOUT = "stage.json"
LABEL: Shape = {"name": str, "kind": str, "key": str, "digest": str, "seconds": (int, float), "metrics": dict}
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

    def find(self, stage: Stage, key: str, digest: str | None = None) -> StageRecord | None:
        """The published output for `key`, if it stands there unchanged; with `digest`, the one with that content.

        Where a key has several outputs, because a stage was forced and gave something else or measurements, the one
        that `run.json` points at comes first, then the newest.
        """
        current = self._current(stage)
        for folder in sorted(self._folders(stage, key), key=lambda path: path.name == current, reverse=True):
            about = self._label(folder)
            if about is None or about["key"] != key or digest not in (None, about["digest"]):
                continue
            if digest_folder(folder / "out") == about["digest"]:
                return _record(folder, about, "cached")
            logger.warning("%s was changed after it was written; the stage runs again", folder)
        return None

    def _label(self, folder: Path) -> dict[str, Any] | None:
        try:
            about = read_json(folder / ABOUT)
            check_shape(about, LABEL, folder / ABOUT)
        except WorkbenchError as error:
            logger.warning("%s; the stage runs again", error)
            return None
        return dict(about)

    def _current(self, stage: Stage) -> str | None:
        if not (self.path / RUN).is_file():
            return None
        records = (record for record in Run.load(self.path).stages if record.name == stage.name)
        return next((record.path.parent.name for record in records), None)

    def staging(self, stage: Stage, key: str) -> Staging:
        """A hidden folder that becomes the next published one of this key."""
        name, taken = f"{stage.name}-{key[:8]}", self._folders(stage, key)
        return Staging(self.stages / (f"{name}-{_number(taken[0]) + 1}" if taken else name))

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

    def keep_refused(self, stage: Stage, measurements: Path) -> None:
        """Let the measurements of a stage that was refused, if it left any, stand where its failed record looks for it.

        They go to `stages/NAME/measurements`, in place of an earlier refusal's, until a run comes to its end. What goes
        wrong is logged: it is the refusal that the user is to see.
        """
        place = self.drop_refused(stage)
        if not measurements.is_dir():
            return
        try:
            with Staging(place) as folder:
                measurements.rename(folder / MEASUREMENTS)
        except (OSError, WorkbenchError) as fault:
            logger.warning("the measurements of %s, which was refused, cannot be kept: %s", stage.name, fault)
        else:
            logger.warning("%s was refused; what it measured stands in %s", stage.name, place / MEASUREMENTS)

    def drop_refused(self, stage: Stage) -> Path:
        """Remove the measurements of an earlier refusal of a stage; the place where it stood."""
        place = self.stages / stage.name
        shutil.rmtree(place, ignore_errors=True)
        return place

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
        return (self.path / RUN).is_file() and all(stage.status != "failed" for stage in Run.load(self.path).stages)

    def tidy(self) -> None:
        """Remove scratch folders and what killed and refused attempts left; only for the holder of the lock."""
        shutil.rmtree(self.path / "work", ignore_errors=True)
        for measurements in self.stages.glob(f"[!.]*/{MEASUREMENTS}"):
            if not (measurements.parent / "out").exists():
                shutil.rmtree(measurements.parent, ignore_errors=True)
        for folder in self.stages.glob(".*.partial"):
            shutil.rmtree(folder, ignore_errors=True)

    def drop_unused(self) -> None:
        """Remove published stages that `run.json` does not point at, and tidy; only for the holder of the lock."""
        self.tidy()
        used = {record.path.parent.name for record in Run.load(self.path).stages}
        for folder in self.stages.glob("[!.]*"):
            if folder.name not in used:
                gone = folder.rename(folder.with_name(f".{folder.name}.partial"))  # a kill leaves no half stage
                shutil.rmtree(gone, ignore_errors=True)
        for half in self.path.glob(".*.json.*"):
            half.unlink(missing_ok=True)

    def _folders(self, stage: Stage, key: str) -> list[Path]:
        """The published folders of a key, newest first: `NAME-KEY8`, then `NAME-KEY8-2` …"""
        name = f"{stage.name}-{key[:8]}"
        return sorted([*self.stages.glob(name), *self.stages.glob(f"{name}-*")], key=_number, reverse=True)


def _number(folder: Path) -> int:
    last = folder.name.rpartition("-")[2]
    return int(last) if len(last) < 8 else 1


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
        make_folder(store.stages)
    except OSError as error:
        raise WorkbenchError(f"cannot be made: {error.strerror}", where=path) from error
    return store
