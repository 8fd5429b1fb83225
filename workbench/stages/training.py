"""Stages `train` and `baseline-NAME`: train a model on the dataset."""

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
    """Define a stage that trains a model.

    Args:
        step: the trainer.
        source: name of the stage with the dataset.
        name: name of the new stage.
        kind: kind of the new stage, see `StageRecord`.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        step.component(Dataset.load(inputs[source]), out, step.options, context)
        return {}

    return Stage(name, kind, work, steps=(step,), needs=(source,))


def baseline_stages(options: EvaluateOptions, train: ComponentConfig, source: str, host: Host) -> list[Stage]:
    """Define a training stage for each simple baseline, except the trainer itself.

    A baseline takes over the trainer's options that it has too, such as the encoder.

    Args:
        options: options of `[evaluate]`, for the names of the baselines.
        train: the trainer.
        source: name of the stage with the dataset.
        host: the host with the trainers.
    """
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
