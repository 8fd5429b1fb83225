"""The last stage of `workbench compress` and `workbench export`: bundle the model that the passes made."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from workbench.context import Context
from workbench.engine.run import MEASUREMENTS
from workbench.engine.sections import EvaluateOptions
from workbench.engine.stage import Inputs, Stage
from workbench.io.files import write_json
from workbench.machine import describe
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.stages.bundle import make_bundle, measure, seal
from workbench.stages.calibration import FILE, fit_on_dev
from workbench.stages.evaluation import metric_steps


def final_stage(last: str, baseline: str, source: str | None, say: Callable[[str], None]) -> Stage:
    """Define the stage that bundles a model, or copies a model whose format cannot be bundled.

    With a dataset the stage also fits the temperature and measures the bundle, as a run does.

    Args:
        last: name of the stage or input with the model.
        baseline: name of the stage or input with the baseline model.
        source: name of the input with the dataset; None = no dataset.
        say: function that prints a line for people.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        model = Model.load(inputs[last])
        if not context.host.runtime(model.format, model.path).files:
            shutil.copytree(model.path, out)
            return {}
        original, dataset = Model.load(inputs[baseline]), Dataset.load(inputs[source]) if source else None
        calibration = fit_on_dev([model, original], dataset, context) if dataset and model.intents else None
        bundle = make_bundle(model, out, context.host, calibration.fitted.temperature if calibration else 1.0)
        if calibration:
            say(f"    {calibration}")
            # only with measurements of the pass: other calls publish no folder OUT.measurements
            if context.measurements and (inputs[last].parent / MEASUREMENTS).is_dir():
                context.measurements.mkdir()
                write_json(context.measurements / FILE, asdict(calibration))
        if dataset and dataset.labelled("dev") and dataset.intents == model.intents == original.intents:
            steps = metric_steps(EvaluateOptions(), model.task, context.host)
            bundle, measurement, (report,) = measure(bundle, original, dataset, ["dev"], steps, context, calibration)
            seal(dataclasses.replace(bundle, metrics={"dev": report.metrics}), measurement)
            say(f"    {measurement.invariance}")
        return {}

    needs = tuple(dict.fromkeys([last, baseline, *([source] if source else [])]))
    settings, calls = {"machine": describe()}, ("runtimes", "metrics")
    return Stage("bundle", "bundle", work, needs=needs, settings=settings, calls=calls)
