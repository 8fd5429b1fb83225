"""Read-only view of a run folder, for reports, observers and verbs."""

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
    """Result of a stage in a run.

    Args:
        name: name of the stage, unique in its run, such as `import`, `train` or `compress-2-int8`.
        kind: `import`, `clean`, `augment`, `baseline`, `train`, `evaluate`, `compress`, `calibrate`, `bundle`,
            `measure` or `gate`.
        path: folder of the output.
        key: sha256 of everything that determines the output.
        digest: sha256 of the output.
        status: `finished`, `cached` or `failed`.
        seconds: duration of the stage's last execution.
        metrics: figures of the stage.
        error: error message of a failed stage.
        origin: the sibling run from which the output was copied; None for the run's own output.
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
        """Folder of the stage's measurements; it exists for few stages."""
        return self.path.parent / MEASUREMENTS


@dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        path: the folder.
        recipe: the recipe with its overrides, as JSON.
        stages: the current stages in their order.
    """

    path: Path
    recipe: Mapping[str, Any]
    stages: tuple[StageRecord, ...]

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a run folder.

        Raises:
            WorkbenchError: the folder is not a run folder, or has a newer format.
        """
        if not (path / RUN).is_file():
            raise WorkbenchError(
                f"is not a run folder: {RUN} is missing", where=path, remedy="Make a run with: workbench run"
            )
        about = read_json(path / RUN)
        check_shape(about, {"format": int, "recipe": dict, "stages": list}, path / RUN)
        if about["format"] > FORMAT:
            raise WorkbenchError(
                f"has run format {about['format']}; this program reads formats up to {FORMAT}",
                where=path,
                remedy="Upgrade with: pip install -U intent-workbench",
            )
        for stage in about["stages"]:
            check_shape(stage, RECORD, path / RUN)
        return cls(path, about["recipe"], tuple(_read_record(path, stage) for stage in about["stages"]))

    def stage(self, *kinds: str) -> StageRecord | None:
        """Return the last stage of one of these kinds that has an output; None without such a stage."""
        matches = [stage for stage in self.stages if stage.kind in kinds and stage.status != "failed"]
        return matches[-1] if matches else None

    def dataset(self) -> Dataset | None:
        """Load the dataset of training: imported, cleaned and augmented rows."""
        stage = self.stage("import", "clean", "augment")
        return Dataset.load(stage.path) if stage else None

    def reports(self) -> list[Report]:
        """Load all reports: those of the simple baselines, the trained model and the bundle, on dev and test."""
        stages = [stage for stage in (self.stage("evaluate"), self.stage("measure")) if stage]
        return [
            Report.from_json(value) for stage in stages for value in read_json(stage.path / "report.json")["reports"]
        ]

    def measurement(self) -> Measurement | None:
        """Load the comparison of the bundle with the baseline model."""
        stage = self.stage("measure")
        return Measurement.from_json(read_json(stage.path / "report.json")["measurement"]) if stage else None

    def bundle(self) -> Bundle | None:
        """Load the bundle of the gate stage, or else of the bundle stage."""
        stage = self.stage("gate", "bundle")
        return Bundle.load(stage.path) if stage else None


def record_json(run: Path, record: StageRecord) -> dict[str, Any]:
    """Convert a record to its JSON in `run.json`, with paths relative to the run folder."""
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
