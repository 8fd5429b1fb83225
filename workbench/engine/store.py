"""The store of a run: published stages, each a folder `<name>-<key8>` with `out/` and `stage.json`.

A stage folder is published atomically and never changes. It may have `measurements/`, which is not part of the digest.
A stage that a budget refused has only `measurements/`, in a folder `<name>`.
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
OTHER_FOLDER = "Choose another folder with -o"
LABEL: Shape = {"name": str, "kind": str, "key": str, "digest": str, "seconds": (int, float), "metrics": dict}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """The folder of a run.

    Args:
        path: the run folder.
        kept: parent of scratch folders that stay after the run, for later commands with other budgets. None = the
            scratch folders are in `path`, and are removed when the run is complete.
    """

    path: Path
    kept: Path | None = None

    @property
    def stages(self) -> Path:
        """Parent folder of the published stages."""
        return self.path / "stages"

    @property
    def scratch(self) -> Path:
        """Parent folder of the stages' scratch folders."""
        return self.kept or self.path / "work"

    def work(self, stage: Stage, key: str) -> Path:
        """Return the scratch folder of a stage; its complete results survive a kill and are reused under the same key.

        Incomplete results of a killed process are removed.
        """
        folder = self.scratch / f"{stage.name}-{key[:8]}"
        folder.mkdir(parents=True, exist_ok=True)
        for partial in list(folder.rglob(".*.partial")):
            shutil.rmtree(partial, ignore_errors=True)
        return folder

    def find(self, stage: Stage, key: str, digest: str | None = None) -> StageRecord | None:
        """Find the unchanged published output for `key`; None without one.

        A key can have several outputs, because a forced stage may write another output or new measurements. The output
        in `run.json` has priority, then the newest one.

        Args:
            stage: the stage.
            key: its cache key.
            digest: sha256 of the wanted output; None = any.
        """
        current = self._current(stage)
        for folder in sorted(self._folders(stage, key), key=lambda path: path.name == current, reverse=True):
            about = self._label(folder)
            if about is None or about["key"] != key or digest not in (None, about["digest"]):
                continue
            if digest_folder(folder / "out") == about["digest"]:
                return _record(folder, about, "cached")
            logger.warning("%s is not reused: its output was changed after it was published", folder)
        return None

    def _label(self, folder: Path) -> dict[str, Any] | None:
        try:
            about = read_json(folder / ABOUT)
            check_shape(about, LABEL, folder / ABOUT)
        except WorkbenchError as error:
            logger.warning("the stage is not reused: %s", error)
            return None
        return dict(about)

    def _current(self, stage: Stage) -> str | None:
        if not (self.path / RUN).is_file():
            return None
        records = (record for record in Run.load(self.path).stages if record.name == stage.name)
        return next((record.path.parent.name for record in records), None)

    def staging(self, stage: Stage, key: str) -> Staging:
        """Return the staging folder of the key's next published folder."""
        name, folders = f"{stage.name}-{key[:8]}", self._folders(stage, key)
        return Staging(self.stages / (f"{name}-{_number(folders[0]) + 1}" if folders else name))

    def seal(self, folder: Path, stage: Stage, key: str, seconds: float, metrics: dict[str, float]) -> StageRecord:
        """Write `stage.json` into the staging folder `folder` and return the record of the stage."""
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
        """Publish a copy of a sibling run's stage with its measurements; log a failure and return None.

        Files are hard-linked if possible, which is safe because published files never change.
        """
        staging = self.staging(stage, found.key)
        try:
            with staging as folder:
                shutil.copytree(found.path.parent, folder, copy_function=_link_or_copy, dirs_exist_ok=True)
                if digest_folder(folder / "out") != found.digest:
                    raise WorkbenchError(
                        "was changed while it was copied",
                        where=found.path.parent,
                        remedy="Change no file in the folder of a run",
                    )
                stage.reused(folder / "out")
        except (OSError, shutil.Error, WorkbenchError) as error:
            logger.warning("the stage %s of %s is not reused: %s", stage.name, found.origin, error)
            return None
        return dataclasses.replace(found, path=staging.final / "out")

    def keep_refused(self, stage: Stage, measurements: Path) -> None:
        """Move the measurements of a refused stage to `stages/NAME/measurements`, where its failed record expects them.

        They replace those of an earlier refusal, and stay until a run completes. Errors are logged only, because the
        user must see the refusal itself.
        """
        refused = self.drop_refused(stage)
        if not measurements.is_dir():
            return
        try:
            with Staging(refused) as folder:
                measurements.rename(folder / MEASUREMENTS)
        except (OSError, WorkbenchError) as error:
            logger.warning("the measurements of the refused stage %s cannot be kept: %s", stage.name, error)

    def drop_refused(self, stage: Stage) -> Path:
        """Remove the measurements of an earlier refusal of a stage and return their parent folder."""
        refused = self.stages / stage.name
        shutil.rmtree(refused, ignore_errors=True)
        return refused

    def point(self, recipe: dict[str, Any], records: Iterable[StageRecord]) -> None:
        """Write `run.json` with these stages."""
        stages = [record_json(self.path, record) for record in records]
        replace_json(self.path / RUN, {"format": FORMAT, "recipe": recipe, "stages": stages})

    def complete(self) -> bool:
        """Whether `run.json` exists and no stage in it failed."""
        return (self.path / RUN).is_file() and all(stage.status != "failed" for stage in Run.load(self.path).stages)

    def tidy(self) -> None:
        """Remove the remains of killed and refused attempts, and scratch folders in `path`; requires the run's lock."""
        self.drop_empty_scratch()
        if not self.kept:
            shutil.rmtree(self.scratch, ignore_errors=True)
        for measurements in self.stages.glob(f"[!.]*/{MEASUREMENTS}"):
            if not (measurements.parent / "out").exists():
                shutil.rmtree(measurements.parent, ignore_errors=True)
        for folder in self.stages.glob(".*.partial"):
            shutil.rmtree(folder, ignore_errors=True)

    def drop_unused(self) -> None:
        """Remove published stages that are not in `run.json`, and call `tidy`; requires the run's lock."""
        self.tidy()
        used = {record.path.parent.name for record in Run.load(self.path).stages}
        for folder in self.stages.glob("[!.]*"):
            if folder.name not in used:
                # renamed first: after a kill no incomplete stage looks published
                unused = folder.rename(folder.with_name(f".{folder.name}.partial"))
                shutil.rmtree(unused, ignore_errors=True)
        for partial in self.path.glob(".*.json.*"):
            partial.unlink(missing_ok=True)

    def drop_empty_scratch(self) -> bool:
        """Remove empty scratch folders; return whether other scratch folders remain."""
        folders = list(self.scratch.glob(f"?*-{8 * '[0-9a-f]'}"))
        empty = [folder for folder in folders if not any(folder.iterdir())]
        for folder in empty:
            folder.rmdir()
        return len(empty) < len(folders)

    def resumable(self) -> bool:
        """Whether a later attempt can reuse a published stage or a scratch folder of this run."""
        scratch = self.drop_empty_scratch() and not self.kept
        return scratch or any(self.stages.glob(f"[!.]*/{ABOUT}"))

    def _folders(self, stage: Stage, key: str) -> list[Path]:
        """Published folders of a key, newest first: … `NAME-KEY8-3`, `NAME-KEY8-2`, `NAME-KEY8`."""
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
    """Open the store of the run folder `path`; create the folder if necessary.

    Raises:
        WorkbenchError: `path` is a file, another folder, or cannot be created.
    """
    store = Store(path)
    if path.exists() and not path.is_dir():
        raise WorkbenchError("is a file, not a run folder", where=path, remedy=OTHER_FOLDER)
    if path.is_dir() and not store.stages.is_dir() and any(entry.name not in LOCK_FILES for entry in path.iterdir()):
        raise WorkbenchError("is not empty and is not a run folder", where=path, remedy=OTHER_FOLDER)
    try:
        make_folder(store.stages)
    except OSError as error:
        raise WorkbenchError(f"cannot be created: {error.strerror}", where=path, remedy=OTHER_FOLDER) from error
    return store
