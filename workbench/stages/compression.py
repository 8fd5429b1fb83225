"""Stages `compress-N-NAME`: an ordered list of passes, each model -> model."""

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
    """One stage a pass.

    Args:
        steps: the passes in their order.
        model: the stage of the uncompressed model.
        source: the stage of the dataset, for passes that measure or train.
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
