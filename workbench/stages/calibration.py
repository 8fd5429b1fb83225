"""Stage `calibrate`: fit the temperature of the last model on dev."""

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
MIN_ROWS = 50  # fewer labelled rows give no reliable temperature
logger = logging.getLogger(__name__)


def calibrate_stage(model: str, baseline: str, source: str) -> Stage:
    """Define the stage `calibrate`, which writes a `Calibration`, or null if no temperature can be fitted.

    Args:
        model: name of the stage with the model that will be served.
        baseline: name of the stage with the baseline model.
        source: name of the stage with the dataset.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        models = [Model.load(inputs[name]) for name in (model, baseline)]
        calibration = fit_on_dev(models, Dataset.load(inputs[source]), context)
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / FILE, dataclasses.asdict(calibration) if calibration else None)
        if calibration is None:
            return {}
        return {"temperature": calibration.fitted.temperature, "calibration_error": calibration.fitted.error}

    needs = tuple(dict.fromkeys((model, baseline, source)))
    settings = {"minimum rows": MIN_ROWS, "machine": describe()}
    return Stage(CALIBRATE, CALIBRATE, work, needs=needs, settings=settings, calls=("runtimes",))


def read_calibration(folder: Path) -> Calibration | None:
    """Read the output of the stage `calibrate`; None if no temperature was fitted."""
    value = read_json(folder / FILE)
    return Calibration.from_json(value) if value else None


def fit_on_dev(models: Sequence[Model], dataset: Dataset, context: Context) -> Calibration | None:
    """Fit the temperatures of the served model and of the baseline model on dev.

    The served model runs with batch size 1. If it is not batch-invariant, its bundle will use batch size 1 too;
    otherwise the batch size makes no difference.

    Args:
        models: the model that will be served, then the baseline model.
        dataset: the dataset.
        context: context with the host, which opens the models.

    Returns:
        The calibration; None if no temperature can be fitted, and the reason is logged.
    """
    if obstacle := calibration_obstacle(models[0], dataset):
        logger.warning("no temperature is fitted: %s", obstacle)
        return None
    options = PredictorOptions(threads=cores())
    opened = (dataclasses.replace(models[0], rows_per_call=1), models[1])
    served, baseline = (score(context.host.open_predictor(model, options), dataset, "dev") for model in opened)
    return calibrate(served.logits, baseline.logits, served.truth)


def calibration_obstacle(model: Model, dataset: Dataset) -> str | None:
    """Reason why no temperature can be fitted; None if there is no obstacle."""
    rows = len(dataset.labelled("dev"))
    if model.task != "intent":
        return f"the model is for the task {model.task!r}, but calibration needs one intent per text"
    if model.intents != dataset.intents:
        return "the dataset has other intents than the model, or another order of intents"
    if rows < MIN_ROWS:
        return f"dev has {rows} labelled rows, but calibration needs at least {MIN_ROWS}"
    return None
