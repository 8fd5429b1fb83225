"""The chain: which stages a recipe asks for, in their order."""

from __future__ import annotations

from pathlib import Path

from workbench.engine.sections import Recipe
from workbench.engine.stage import Stage
from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.stages.bundling import bundle_stage, gate_stage, measure_stage
from workbench.stages.calibrating import calibrate_stage
from workbench.stages.compressing import compress_stages
from workbench.stages.evaluating import evaluate_stage, metric_steps
from workbench.stages.importing import import_stage
from workbench.stages.preparing import augment_stage, clean_stage
from workbench.stages.training import baseline_stages, train_stage


def plan_stages(recipe: Recipe, host: Host, ledger: Path | None = None) -> list[Stage]:
    """The stages of a recipe.

    Args:
        recipe: a checked one.
        host: the plugins.
        ledger: where the splits are remembered.

    Raises:
        WorkbenchError: the recipe imports nothing, or compresses without having trained.
    """
    stages = [import_stage(recipe, ledger)]
    if recipe.clean:
        stages.append(clean_stage(recipe.clean, stages[-1].name))
    if recipe.augment:
        stages.append(augment_stage(recipe.augment, stages[-1].name))
    source = stages[-1].name
    if recipe.train is None:
        if recipe.compress or recipe.gate:
            raise WorkbenchError("the recipe compresses a model that it does not train", remedy="Add [train]")
        return stages
    if recipe.gate and not recipe.compress:
        raise WorkbenchError(
            "[gate] judges a bundle, and the recipe makes none", remedy='Add [[compress]] use = "…" that exports'
        )
    baselines = baseline_stages(recipe.evaluate, recipe.train, source, host)
    train = train_stage(recipe.train, source)
    models = {stage.name.removeprefix("baseline-"): stage.name for stage in baselines} | {recipe.train.name: train.name}
    metrics = metric_steps(recipe.evaluate, recipe.top.task, host)
    stages += [*baselines, train, evaluate_stage(models, source, recipe.evaluate, metrics)]
    if recipe.compress:
        passes = compress_stages(recipe.compress, train.name, source)
        stages += [
            *passes,
            calibrate_stage(passes[-1].name, train.name, source),
            bundle_stage(passes[-1].name),
            measure_stage(train.name, source, recipe.evaluate, metrics),
            gate_stage(recipe.gate, host),
        ]
    return stages
