"""A run as it stands on disk: read-only, for reports, observers and verbs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.io.files import read_json
from workbench.io.shapes import Shape, check_shape
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.report import Measurement, Report

RUN, MEASUREMENTS = "run.json", "measurements"
FORMAT = 1
RECORD: Shape = {
    "name": str,
    "kind": str,
    "path": str,
    "key": str,
    "digest": str,
    "status": str,
    "seconds": (int, float),
    "metrics": dict,
    "error": (str, type(None)),
    "origin": (str, type(None)),
}


@dataclass(frozen=True)
class StageRecord:
    """What became of a stage.

    Args:
        name: `import`, `clean`, `train`, `compress-2-int8` …, unique in its run.
        kind: `import`, `clean`, `augment`, `baseline`, `train`, `evaluate`, `compress`, `calibrate`, `bundle`,
            `measure` or `gate`.
        path: the folder of its output.
        key: sha256 of everything that determines the output.
        digest: sha256 of the output.
        status: `finished`, `cached` or `failed`.
        seconds: that it took when it ran.
        metrics: its own figures.
        error: why it failed.
        origin: the run beside this one that the output was taken from.
    """

    name: str
    kind: str
    path: Path
    key: str
    digest: str = ""
    status: str = "finished"
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    origin: Path | None = None

    @property
    def measurements(self) -> Path:
        """The folder of what was measured beside the output; most stages have none."""
        return self.path.parent / MEASUREMENTS


@dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        path: the folder.
        recipe: the recipe with its overrides, as JSON.
        stages: the current ones in their order.
    """

    path: Path
    recipe: Mapping[str, Any]
    stages: tuple[StageRecord, ...]

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a run folder.

        Raises:
            WorkbenchError: it is none, or was written by a newer program.
        """
        if not (path / RUN).is_file():
            raise WorkbenchError(f"is no run: {RUN} is missing", where=path, remedy="Make one with: workbench run")
        about = read_json(path / RUN)
        check_shape(about, {"format": int, "recipe": dict, "stages": list}, path / RUN)
        if about["format"] > FORMAT:
            raise WorkbenchError(
                f"has run format {about['format']}, this program knows {FORMAT}",
                where=path,
                remedy="Upgrade intent-workbench",
            )
        for stage in about["stages"]:
            check_shape(stage, RECORD, path / RUN)
        return cls(path, about["recipe"], tuple(_read_record(path, stage) for stage in about["stages"]))

    def stage(self, *kinds: str) -> StageRecord | None:
        """The last stage of one of these kinds that has an output."""
        done = [stage for stage in self.stages if stage.kind in kinds and stage.status != "failed"]
        return done[-1] if done else None

    def dataset(self) -> Dataset | None:
        """The rows as training saw them."""
        stage = self.stage("import", "clean", "augment")
        return Dataset.load(stage.path) if stage else None

    def reports(self) -> list[Report]:
        """Every report: baselines, the trained model, the bundle; on dev and test."""
        stages = [stage for stage in (self.stage("evaluate"), self.stage("measure")) if stage]
        return [
            Report.from_json(value) for stage in stages for value in read_json(stage.path / "report.json")["reports"]
        ]

    def measurement(self) -> Measurement | None:
        """The bundle beside the uncompressed model."""
        stage = self.stage("measure")
        return Measurement.from_json(read_json(stage.path / "report.json")["measurement"]) if stage else None

    def bundle(self) -> Bundle | None:
        """The bundle that the gate judged, or the one before it."""
        stage = self.stage("gate", "bundle")
        return Bundle.load(stage.path) if stage else None


def record_json(run: Path, record: StageRecord) -> dict[str, Any]:
    """The record as `run.json` holds it, with paths relative to the run's folder."""
    return {
        "name": record.name,
        "kind": record.kind,
        "path": record.path.relative_to(run).as_posix(),
        "key": record.key,
        "digest": record.digest,
        "status": record.status,
        "seconds": record.seconds,
        "metrics": dict(record.metrics),
        "error": record.error,
        "origin": Path(os.path.relpath(record.origin, run)).as_posix() if record.origin else None,
    }


def _read_record(run: Path, value: Mapping[str, Any]) -> StageRecord:
    origin = Path(os.path.normpath(run / value["origin"])) if value["origin"] else None
    return StageRecord(**{**value, "path": run / value["path"], "origin": origin})
