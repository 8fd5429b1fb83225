"""The last stage of the verbs compress and export: what the passes made becomes a bundle."""

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
    """The stage that makes a bundle of a model whose format can be bundled; any other model stays as it is.

    Where there is a dataset, its temperature is fitted, and it is measured as a run measures its bundle.

    Args:
        last: the stage or input with the model.
        baseline: the stage or input with the uncompressed model.
        source: the one with the dataset; None = there is none.
        say: takes a line for people about what was measured.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        model = Model.load(inputs[last])
        if not context.host.runtime(model.format, model.path).files:
            shutil.copytree(model.path, out)
            return {}
        whole, dataset = Model.load(inputs[baseline]), Dataset.load(inputs[source]) if source else None
        found = fit_on_dev([model, whole], dataset, context) if dataset and model.intents else None
        bundle = make_bundle(model, out, context.host, found.fitted.temperature if found else 1.0)
        if found:
            say(f"    {found}")
            if context.measurements and (inputs[last].parent / MEASUREMENTS).is_dir():  # the pass measured, too
                context.measurements.mkdir()
                write_json(context.measurements / FILE, asdict(found))
        if dataset and dataset.labelled("dev") and dataset.intents == model.intents == whole.intents:
            steps = metric_steps(EvaluateOptions(), model.task, context.host)
            bundle, measurement, (report,) = measure(bundle, whole, dataset, ["dev"], steps, context, found)
            seal(dataclasses.replace(bundle, metrics={"dev": report.metrics}), measurement)
            say(f"    {measurement.invariance}")
        return {}

    needs = tuple(dict.fromkeys([last, baseline, *([source] if source else [])]))
    settings, calls = {"machine": describe()}, ("runtimes", "metrics")
    return Stage("bundle", "bundle", work, needs=needs, settings=settings, calls=calls)
