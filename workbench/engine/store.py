"""The store of a run: published stages, each a folder `<name>-<key8>` with `out/` and `stage.json`.

A folder appears whole or not at all, and is never written again. It may hold `measurements/`, which is not digested.
A stage that a budget refused has that alone, in a folder `<name>`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.engine.run import FORMAT, MEASUREMENTS, RUN, Run, StageRecord, record_json
from workbench.engine.stage import Stage
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_folder
from workbench.io.files import Staging, make_folder, read_json, replace_json, write_json
from workbench.io.lock import LOCK_FILES
from workbench.io.shapes import Shape, check_shape

ABOUT = "stage.json"
LABEL: Shape = {"name": str, "kind": str, "key": str, "digest": str, "seconds": (int, float), "metrics": dict}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """The folder of a run.

    Args:
        path: the folder.
        kept: where the scratch folders of stages are, for commands with other budgets; None = in `path`, until the run
            is done.
    """

    path: Path
    kept: Path | None = None

    @property
    def stages(self) -> Path:
        """Where published stages are."""
        return self.path / "stages"

    @property
    def scratch(self) -> Path:
        """Where the scratch folders of stages are."""
        return self.kept or self.path / "work"

    def work(self, stage: Stage, key: str) -> Path:
        """The scratch folder of a stage: it survives a kill, and is found again under the same key.

        What a killed attempt was in the midst of making is removed.
        """
        folder = self.scratch / f"{stage.name}-{key[:8]}"
        folder.mkdir(parents=True, exist_ok=True)
        for half in list(folder.rglob(".*.partial")):
            shutil.rmtree(half, ignore_errors=True)
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
            logger.warning("%s was changed after it was written and is not used", folder)
        return None

    def _label(self, folder: Path) -> dict[str, Any] | None:
        try:
            about = read_json(folder / ABOUT)
            check_shape(about, LABEL, folder / ABOUT)
        except WorkbenchError as error:
            logger.warning("%s; the stage is not used", error)
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

    def adopt(self, stage: Stage, found: StageRecord) -> StageRecord | None:
        """Publish a copy of another run's stage here, with its measurements; None where that fails, which is logged.

        Files are hard links where the file system has them: a published file is never written again.
        """
        staging = self.staging(stage, found.key)
        try:
            with staging as folder:
                shutil.copytree(found.path.parent, folder, copy_function=_link_or_copy, dirs_exist_ok=True)
                if digest_folder(folder / "out") != found.digest:
                    raise WorkbenchError("was changed while it was copied", where=found.path.parent)
                stage.reused(folder / "out")
        except (OSError, shutil.Error, WorkbenchError) as error:
            logger.warning("the stage %s of %s is not used: %s", stage.name, found.origin, error)
            return None
        return dataclasses.replace(found, path=staging.final / "out")

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

    def drop_refused(self, stage: Stage) -> Path:
        """Remove the measurements of an earlier refusal of a stage; the place where it stood."""
        place = self.stages / stage.name
        shutil.rmtree(place, ignore_errors=True)
        return place

    def point(self, recipe: dict[str, Any], records: Iterable[StageRecord]) -> None:
        """Let `run.json` point at these stages."""
        stages = [record_json(self.path, record) for record in records]
        replace_json(self.path / RUN, {"format": FORMAT, "recipe": recipe, "stages": stages})

    def complete(self) -> bool:
        """Whether `run.json` points at a run that came to its end."""
        return (self.path / RUN).is_file() and all(stage.status != "failed" for stage in Run.load(self.path).stages)

    def tidy(self) -> None:
        """Remove scratch folders and what killed and refused attempts left; only for the holder of the lock."""
        self.drop_empty_scratch()
        if not self.kept:
            shutil.rmtree(self.scratch, ignore_errors=True)
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

    def drop_empty_scratch(self) -> bool:
        """Remove the scratch folders in which stages left nothing; whether others stay."""
        folders = list(self.scratch.glob(f"?*-{8 * '[0-9a-f]'}"))
        empty = [folder for folder in folders if not any(folder.iterdir())]
        for folder in empty:
            folder.rmdir()
        return len(empty) < len(folders)

    def resumable(self) -> bool:
        """Whether a later attempt can go on from a published stage, or from what is in a scratch folder here."""
        left = self.drop_empty_scratch() and not self.kept
        return left or any(self.stages.glob(f"[!.]*/{ABOUT}"))

    def _folders(self, stage: Stage, key: str) -> list[Path]:
        """The published folders of a key, newest first: `NAME-KEY8`, then `NAME-KEY8-2` …"""
        name = f"{stage.name}-{key[:8]}"
        return sorted([*self.stages.glob(name), *self.stages.glob(f"{name}-*")], key=_number, reverse=True)


def _number(folder: Path) -> int:
    last = folder.name.rpartition("-")[2]
    return int(last) if last.isdecimal() and len(last) < 8 else 1


def _link_or_copy(source: str, copy: str) -> None:
    try:
        os.link(source, copy)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, copy)


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
    if path.is_dir() and not store.stages.is_dir() and any(entry.name not in LOCK_FILES for entry in path.iterdir()):
        raise WorkbenchError("is not empty and holds no run", where=path, remedy="Choose another -o")
    try:
        make_folder(store.stages)
    except OSError as error:
        raise WorkbenchError(f"cannot be made: {error.strerror}", where=path) from error
    return store
