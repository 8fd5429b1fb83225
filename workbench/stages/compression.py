"""Stages `compress-N-NAME`: a list of passes, each from a model to a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from workbench.context import Context
from workbench.engine.sections import ComponentConfig
from workbench.engine.stage import Inputs, Stage
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.stages.normalization import as_model_reads


def compress_stages(steps: tuple[ComponentConfig, ...], model: str, source: str | None) -> list[Stage]:
    """Define one stage per pass.

    Args:
        steps: the passes in their order.
        model: name of the stage with the baseline model.
        source: name of the stage with the dataset, for passes that measure or train; None = no dataset.
    """
    stages: list[Stage] = []
    before = model
    for number, step in enumerate(steps, 1):
        stages.append(_stage(f"compress-{number}-{step.name}", step, before, model, source))
        before = stages[-1].name
    return stages


def _stage(name: str, step: ComponentConfig, before: str, baseline: str, source: str | None) -> Stage:
    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        model, dataset = Model.load(inputs[before]), None
        if source:
            dataset = as_model_reads(Dataset.load(inputs[source]), model, context.host)
        context = dataclasses.replace(context, baseline=Model.load(inputs[baseline]), dataset=dataset)
        step.component(model, out, step.options, context)
        return {"bytes": sum(path.stat().st_size for path in out.iterdir())}

    needs = dict.fromkeys(name for name in (before, baseline, source) if name)
    return Stage(name, "compress", work, steps=(step,), needs=tuple(needs), calls=("normalizations",))
