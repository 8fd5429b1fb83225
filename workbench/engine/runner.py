"""The run engine: for each stage, reuse the cached output, or execute the stage and publish its output."""

from __future__ import annotations

import dataclasses
import errno
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.context import Context
from workbench.engine.progress import Progress
from workbench.engine.run import MEASUREMENTS, Run, StageRecord
from workbench.engine.stage import Stage
from workbench.engine.store import Store
from workbench.engine.workspace_cache import WorkspaceCache
from workbench.errors import GateRefused, WorkbenchError, unknown
from workbench.host import Host
from workbench.io.digests import digest_folder, digest_path
from workbench.io.lock import locked

NOTHING: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True)
class StagePlan:
    """The action of a future run for one stage.

    Args:
        stage: the stage.
        action: `cached`, `run`, or `ask` for a remote source, which is read in every run.
        origin: the sibling run from which a cached output will be copied; None for the run's own output.
    """

    stage: Stage
    action: str
    origin: Path | None = None


@dataclass(frozen=True)
class Engine:
    """Execute stages and publish their outputs in a store.

    Args:
        host: the host with the plugins.
        store: the store of the run.
        seed: seed of the run.
        progress: receiver of progress.
        recipe: the recipe as JSON, for `run.json`.
        workspace_cache: cache of sibling runs; None = reuse stages of this run only.
    """

    host: Host
    store: Store
    seed: int
    progress: Progress
    recipe: Mapping[str, Any]
    workspace_cache: WorkspaceCache | None = None

    def run(
        self,
        stages: Sequence[Stage],
        *,
        inputs: Mapping[str, Path] = NOTHING,
        again: str | None = None,
        force: bool = False,
    ) -> Run:
        """Update every stage: reuse cached outputs and execute the other stages.

        Args:
            stages: the stages; each comes after the stages that it needs.
            inputs: name -> folder of inputs that no stage makes.
            again: execute this stage and all later stages, even if they are cached.
            force: execute every stage.

        Raises:
            WorkbenchError: a stage failed. Earlier stages stay published, so a later call resumes at this stage.
        """
        first = _position(stages, again) if again else 0 if force else len(stages)
        with locked(self.store.path):
            known = {name: StageRecord(name, "input", path, "", digest_path(path)) for name, path in inputs.items()}
            records: list[StageRecord] = []
            for number, stage in enumerate(stages):
                try:
                    record = self._update(stage, known, fresh=number >= first)
                except BaseException as error:
                    self._fail(stage, records, error)
                    if (explained := explain(error, stage)) is error:
                        raise
                    raise explained from error
                self._report(record)
                known[stage.name] = record
                records.append(record)
            self.store.point(dict(self.recipe), records)
            self.store.tidy()
        return Run(self.store.path, self.recipe, tuple(records))

    def plan(self, stages: Sequence[Stage], *, again: str | None = None, force: bool = False) -> list[StagePlan]:
        """Return the action of `run` for each stage, without executing any stage."""
        first = _position(stages, again) if again else 0 if force else len(stages)
        records: dict[str, StageRecord] = {}
        plans = []
        for number, stage in enumerate(stages):
            record = None
            if number < first and not stage.remote and all(name in records for name in stage.needs):
                key = self._key(stage, records)
                record = self.store.find(stage, key) or self._find_in_workspace(stage, key)
            if record:
                records[stage.name] = record
            action = "cached" if record else "ask" if stage.remote else "run"
            plans.append(StagePlan(stage, action, record.origin if record else None))
        return plans

    def _find_in_workspace(self, stage: Stage, key: str) -> StageRecord | None:
        return self.workspace_cache.find(stage, key) if self.workspace_cache else None

    def _cached(self, stage: Stage, key: str) -> StageRecord | None:
        """Find the output in this run, or copy it from a sibling run."""
        if record := self.store.find(stage, key):
            return record
        shared = self._find_in_workspace(stage, key)
        return self.store.adopt(stage, shared) if shared else None

    def _key(self, stage: Stage, records: Mapping[str, StageRecord], *, work_only: bool = False) -> str:
        inputs = {name: records[name].digest for name in stage.needs}
        return stage.key(self.host, self.seed, inputs, work_only=work_only)

    def _update(self, stage: Stage, records: Mapping[str, StageRecord], *, fresh: bool) -> StageRecord:
        key = self._key(stage, records)
        if not (stage.remote or fresh) and (cached := self._cached(stage, key)):
            return cached
        inputs = {name: records[name].path for name in stage.needs}
        work = self.store.work(stage, self._key(stage, records, work_only=True))
        staging, log = self.store.staging(stage, key), self.progress.started(stage)
        with staging as folder:
            context = Context(self.host, self.seed, work, log=log, measurements=folder / MEASUREMENTS)
            start = time.monotonic()
            try:
                metrics = dict(stage.work(inputs, folder / "out", context))
            except GateRefused:
                self.store.keep_refused(stage, folder / MEASUREMENTS)
                raise
            seconds = time.monotonic() - start
            (folder / "out").mkdir(exist_ok=True)
            same = self.store.find(stage, key, digest_folder(folder / "out"))
            measured = (folder / MEASUREMENTS).is_dir()  # new measurements are published, even for an equal output
            if same and (stage.remote or not measured):
                staging.drop()
                return dataclasses.replace(same, status="cached" if stage.remote else "finished", seconds=seconds)
            record = self.store.seal(folder, stage, key, seconds, metrics)
        return dataclasses.replace(record, path=staging.final / "out")

    def _report(self, record: StageRecord) -> None:
        self.progress.finished(record)
        self.host.observe("stage_finished", stage=record)

    def _fail(self, stage: Stage, records: Sequence[StageRecord], error: BaseException) -> None:
        """Report a failed stage; write it into `run.json` unless that describes an earlier complete run.

        Interrupts and a full disk change nothing on disk. Measurements of an earlier refusal are removed, because
        they do not belong to this failure.
        """
        ordinary = isinstance(error, Exception) and not _disk_full(error)
        if ordinary and not isinstance(error, GateRefused):
            self.store.drop_refused(stage)
        failed = StageRecord(
            stage.name, stage.kind, self.store.stages / stage.name / "out", "", status="failed", error=str(error)
        )
        self._report(failed)
        if ordinary and not self.store.complete():
            self.store.point(dict(self.recipe), [*records, failed])


def _position(stages: Sequence[Stage], name: str) -> int:
    for number, stage in enumerate(stages):
        if name in (stage.name, stage.kind):
            return number
    raise unknown("stage", name, [stage.name for stage in stages], where="--from")


def explain(error: BaseException, stage: Stage) -> BaseException:
    """Convert errors of the operating system, such as a full disk, into a `WorkbenchError` with a remedy.

    Args:
        error: the error of a stage.
        stage: the failed stage.

    Returns:
        The converted error, or `error` itself.
    """
    if isinstance(error, WorkbenchError) or not isinstance(error, Exception):
        return error
    if _disk_full(error):
        where = getattr(error, "filename", None) or f"stage {stage.name}"
        return WorkbenchError(
            "the disk is full",
            where=where,
            remedy="Free disk space and run the same command again; finished stages are kept",
        )
    if isinstance(error, OSError) and error.filename:
        return WorkbenchError(
            str(error.strerror), where=error.filename, remedy="Solve this problem and run the same command again"
        )
    return error


def _disk_full(error: BaseException) -> bool:
    """Whether the disk is full. Libraries such as safetensors and onnx wrap the error of the operating system."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or "No space left on device" in str(error)
