"""Stages `clean` and `augment`: prepare the rows for training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from workbench.context import Context
from workbench.engine.random_streams import stream
from workbench.engine.sections import ComponentConfig
from workbench.engine.stage import Inputs, Stage
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench.stages.normalization import check_idempotent
from workbench.text.normalization import text_key


def clean_stage(steps: tuple[ComponentConfig, ...], source: str) -> Stage:
    """Define the stage `clean`, which applies the cleaners of a recipe in their order.

    Args:
        steps: the cleaners.
        source: name of the stage with the dataset.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        before = dataset = Dataset.load(inputs[source])
        for step in steps:
            dataset = step.component(dataset, out, step.options, context)
        dataset.save(out)
        return {"removed": len(before) - len(dataset), "rows": len(dataset)}

    return Stage("clean", "clean", work, steps=steps, needs=(source,))


def augment_stage(steps: tuple[ComponentConfig, ...], source: str) -> Stage:
    """Define the stage `augment`, which adds generated rows to the train split.

    New texts are normalized as the dataset is. Texts that any split already has are not added, so that no text of dev
    or test is added to train.

    Args:
        steps: the augmenters.
        source: name of the stage with the dataset.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        dataset = Dataset.load(inputs[source])
        normalize = context.host.normalizer(dataset.normalization, inputs[source])
        added = [row for step in steps for row in _augment(step, dataset, context, normalize)]
        check_idempotent(added, dataset.normalization, context.host)
        seen = {text_key(row.text) for row in dataset}
        fresh = []
        for row in added:
            if (key := text_key(row.text)) not in seen:
                seen.add(key)
                fresh.append(row)
        dataset.with_rows([*dataset, *fresh]).counted("augment", {"added": len(fresh)}).save(out)
        return {"added": len(fresh), "rows": len(dataset) + len(fresh)}

    return Stage("augment", "augment", work, steps=steps, needs=(source,), calls=("normalizations",))


def _augment(
    step: ComponentConfig, dataset: Dataset, context: Context, normalize: Callable[[str], str]
) -> list[Utterance]:
    parents = {row.id: row for row in dataset.labelled("train")}

    rng = partial(stream, context.seed, step.name)
    made: list[Utterance] = []
    number: dict[str, int] = {}
    for parent, text in step.component(list(parents.values()), rng, step.options, context):
        number[parent] = number.get(parent, 0) + 1
        origin = parents[parent]
        made.append(
            Utterance(
                id=f"{parent}~{step.name}{number[parent]}",
                text=normalize(text),
                raw=text,
                intents=origin.intents,
                split="train",
                group=origin.group,
                language=origin.language,
                origin=f"augment:{step.name}",
                meta={"parent": parent},
            )
        )
    return made
