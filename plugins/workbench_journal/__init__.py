"""An observer that logs the stages of a run; the smallest built-in plugin, and an example for plugin authors."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from workbench.api import hookimpl

if TYPE_CHECKING:
    from workbench.api.engine import StageRecord


@hookimpl
def stage_finished(stage: StageRecord) -> None:
    """Append one line of JSON to `journal.jsonl` in the run folder: time, stage, status, error and metrics."""
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "stage": stage.name,
        "status": stage.status,
        "seconds": round(stage.seconds, 3),
        "error": stage.error,
        "metrics": dict(stage.metrics),
    }
    run = stage.path.parents[2]
    with (run / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
