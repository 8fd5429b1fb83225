"""Stages `train` and `baseline-NAME`: a dataset becomes a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workbench.context import Context
from workbench.encoders import find_encoder
from workbench.engine.recipe import Step
from workbench.engine.stage import Inputs, Stage
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.options import as_json, option_fields, parse_options


def train_stage(step: Step, source: str, host: Host, name: str = "train", kind: str = "train") -> Stage:
    """The stage that lets a trainer work; its key holds the content of the encoder that it names."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        step.offer(Dataset.load(inputs[source]), out, step.options, context)
        return {}

    return Stage(name, kind, work, steps=(step,), needs=(source,), outside=lambda: encoder_digests(step, host))


def encoder_digests(step: Step, host: Host) -> dict[str, str]:
    """The digest of every encoder that the step's options name."""
    known = host.named("encoders")
    names = {f.name: getattr(step.options, f.name) for f in option_fields(type(step.options)) if f.kind == "encoder"}
    return {field: find_encoder(name, known).digest() for field, name in names.items() if name}


def baseline_stages(names: tuple[str, ...], train: Step, source: str, host: Host) -> list[Stage]:
    """A stage for each baseline that is not the trainer itself; options that both know, as the encoder, are shared."""
    shared = as_json(train.options)
    stages = []
    for name in names:
        if name == train.name:
            continue
        offer = host.named("trainers")[name]
        common = {f.name: shared[f.name] for f in option_fields(offer.options) if f.name in shared}
        step = Step("trainers", name, offer, parse_options(offer.options, common, f"baseline {name}"))
        stages.append(train_stage(step, source, host, f"baseline-{name}", "baseline"))
    return stages
