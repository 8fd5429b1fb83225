"""Options of the verbs that write predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.api import option
from workbench_labelstudio.project_options import MirrorOptions


@dataclass(frozen=True)
class PredictionOptions(MirrorOptions):
    """Which control the predictions answer, and whether they are written."""

    control: str | None = option(
        None, "name of the control that asks for the intent; none = the one that has the most of the model's intents"
    )
    text: str | None = option(None, "key of the tasks' data that holds the text; none = what the control asks about")
    dry_run: bool = option(False, "say what would be done, and write nothing to the server")


@dataclass(frozen=True)
class PushOptions(PredictionOptions):
    """Which predictions `push` writes, and which it removes."""

    version: str | None = option(
        None, "model version to write; none = the name of the run or folder, and the model's id"
    )
    only: Literal["all", "unlabelled"] = option("all", "which tasks get a prediction")
    keep_stale: bool = option(False, "leave the earlier versions of this model's name")
    show: bool = option(True, "let annotators see the predictions; else they see what they saw")


@dataclass(frozen=True)
class QueueOptions(PredictionOptions):
    """Which tasks `queue` puts first."""

    by: str | None = option(None, "which unlabelled tasks come first", registry="selectors")
    size: int = option(50, "tasks in the queue", ge=1)
    doubtful: int = option(0, "labelled tasks to look at again", ge=0)
