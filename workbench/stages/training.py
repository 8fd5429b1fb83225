"""Stages `train` and `baseline-NAME`: a dataset becomes a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workbench.context import Context
from workbench.engine.sections import ComponentConfig, EvaluateOptions
from workbench.engine.stage import Inputs, Stage
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.options import as_json, option_fields, parse_options


def train_stage(step: ComponentConfig, source: str, name: str = "train", kind: str = "train") -> Stage:
    """The stage that lets a trainer work."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        step.component(Dataset.load(inputs[source]), out, step.options, context)
        return {}

    return Stage(name, kind, work, steps=(step,), needs=(source,))


def baseline_stages(options: EvaluateOptions, train: ComponentConfig, source: str, host: Host) -> list[Stage]:
    """A stage for each baseline that is not the trainer itself; options that both know, as the encoder, are shared."""
    trainers = host.registry("trainers")
    names = options.baselines
    if names is None:
        names = tuple(sorted(name for name, trainer in trainers.items() if trainer.simple_baseline))
    shared = as_json(train.options)
    stages = []
    for name in names:
        if name == train.name:
            continue
        component = trainers[name]
        common = {f.name: shared[f.name] for f in option_fields(component.options) if f.name in shared}
        step = ComponentConfig(
            "trainers", name, component, parse_options(component.options, common, f"baseline {name}")
        )
        stages.append(train_stage(step, source, f"baseline-{name}", "baseline"))
    return stages
