"""Stage `calibrate`: the temperature of the compressed model, fitted on dev."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.context import Context
from workbench.engine.stage import Inputs, Stage
from workbench.io.files import read_json, write_json
from workbench.machine import cores, describe
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.quality.calibration import Calibration, calibrate
from workbench.stages.evaluation import score

CALIBRATE, FILE = "calibrate", "calibration.json"
FEW = 50  # rows; fewer tell too little of how sure a model may be
logger = logging.getLogger(__name__)


def calibrate_stage(model: str, baseline: str, source: str) -> Stage:
    """The stage that writes a `Calibration`, or null where none can be fitted.

    Args:
        model: the stage of what will be served.
        baseline: the stage of the uncompressed model.
        source: the stage of the dataset.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        models = [Model.load(inputs[name]) for name in (model, baseline)]
        found = fit_on_dev(models, Dataset.load(inputs[source]), context)
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / FILE, dataclasses.asdict(found) if found else None)
        return {"temperature": found.fitted.temperature, "calibration_error": found.fitted.error} if found else {}

    needs = tuple(dict.fromkeys((model, baseline, source)))
    settings = {"least rows": FEW, "machine": describe()}
    return Stage(CALIBRATE, CALIBRATE, work, needs=needs, settings=settings, calls=("runtimes",))


def read_calibration(folder: Path) -> Calibration | None:
    """What the stage left in its folder."""
    value = read_json(folder / FILE)
    return Calibration.from_json(value) if value else None


def fit_on_dev(models: Sequence[Model], dataset: Dataset, context: Context) -> Calibration | None:
    """Fit the temperatures of the model that is served and of the uncompressed one; None where none can be, logged.

    The first is asked one text a call, as a bundle will be whose answers other texts change; any other answers alike.
    """
    if why := calibration_obstacle(models[0], dataset):
        logger.warning("no temperature is fitted: %s", why)
        return None
    options = PredictorOptions(threads=cores())
    asked = (dataclasses.replace(models[0], rows_per_call=1), models[1])
    served, whole = (score(context.host.open_predictor(model, options), dataset, "dev") for model in asked)
    return calibrate(served.logits, whole.logits, served.truth)


def calibration_obstacle(model: Model, dataset: Dataset) -> str | None:
    """Why no temperature can be fitted, None where one can."""
    rows = len(dataset.labelled("dev"))
    if model.task != "intent":
        return f"the model is for the task {model.task!r}, and it is for models that give one intent a text"
    if model.intents != dataset.intents:
        return "the dataset has other intents than the model, or has them in another order"
    if rows < FEW:
        return f"dev has {rows} labelled rows, and {FEW} are the least for it"
    return None
