"""The chain: which stages a recipe asks for, in their order, and a run of them."""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.component import Component
from workbench.engine.progress import Progress, SilentProgress
from workbench.engine.run import RUN, Run
from workbench.engine.runner import Engine, StagePlan
from workbench.engine.sections import Recipe
from workbench.engine.stage import Stage
from workbench.engine.store import Store, open_store
from workbench.engine.workspace_cache import WorkspaceCache
from workbench.errors import MissingExtra, WorkbenchError
from workbench.host import Host
from workbench.nouns.dataset import INTENT
from workbench.stages.bundle import bundle_stage, gate_stage, measure_stage
from workbench.stages.calibration import calibrate_stage
from workbench.stages.compression import compress_stages
from workbench.stages.evaluation import evaluate_stage, metric_steps
from workbench.stages.import_stage import import_stage
from workbench.stages.preparation import augment_stage, clean_stage
from workbench.stages.training import baseline_stages, train_stage

LEDGER = "splits.json"  # in a run's folder: which row went into which split
SILENT = SilentProgress()
logger = logging.getLogger(__name__)


def run_recipe(
    recipe: Recipe,
    out: Path,
    host: Host,
    progress: Progress = SILENT,
    *,
    again: str | None = None,
    force: bool = False,
) -> Run:
    """Run a checked recipe into the folder `out`, and write its report.

    A stage that a run beside `out` has under the same key is taken from there.

    Args:
        recipe: a checked one.
        out: the run's folder, made if it is not there.
        host: the plugins.
        progress: who is told.
        again: work this stage and all after it, even where they are cached.
        force: work every stage.

    Raises:
        WorkbenchError: a stage failed; the same call goes on from there.
    """
    store = open_store(out)
    engine = recipe_engine(recipe, store, host, progress)
    try:
        run = engine.run(plan_stages(recipe, host, out / LEDGER), again=again, force=force)
    except WorkbenchError:
        if (out / RUN).is_file() and not store.complete():
            _write_page(host, Run.load(out))  # what is there of a failed run is worth a look
        raise
    _write_page(host, run)
    return run


def plan_recipe(
    recipe: Recipe, out: Path, host: Host, *, again: str | None = None, force: bool = False
) -> list[StagePlan]:
    """What `run_recipe` would do with each stage; nothing is written.

    Raises:
        WorkbenchError: `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise WorkbenchError("is a file, not a run folder", where=out)
    engine = recipe_engine(recipe, Store(out), host, SILENT)
    return engine.plan(plan_stages(recipe, host, out / LEDGER), again=again, force=force)


def recipe_engine(recipe: Recipe, store: Store, host: Host, progress: Progress) -> Engine:
    """The engine for a recipe's run, which takes equal stages from the runs beside it."""
    return Engine(host, store, recipe.top.seed, progress, recipe.values, WorkspaceCache(store.path))


def _write_page(host: Host, run: Run) -> None:
    """Write `report.html`; without its extra, say how to get it."""
    from workbench.report.page import write_report

    try:
        write_report(host, run)
    except MissingExtra as error:
        logger.warning("no report.html: %s", error)


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
    bundles = bool(recipe.compress) or can_be_bundled(recipe.train.component, host)
    if recipe.gate and not bundles:
        raise WorkbenchError(
            "[gate] judges a bundle, and the recipe makes none", remedy='Add [[compress]] use = "…" that exports'
        )
    baselines = baseline_stages(recipe.evaluate, recipe.train, source, host)
    train = train_stage(recipe.train, source)
    models = {stage.name.removeprefix("baseline-"): stage.name for stage in baselines} | {recipe.train.name: train.name}
    metrics = metric_steps(recipe.evaluate, INTENT, host)
    stages += [*baselines, train, evaluate_stage(models, source, recipe.evaluate, metrics)]
    if bundles:
        passes = compress_stages(recipe.compress, train.name, source)
        last = [train, *passes][-1].name
        stages += [
            *passes,
            calibrate_stage(last, train.name, source),
            bundle_stage(last),
            measure_stage(train.name, source, recipe.evaluate, metrics),
            gate_stage(recipe.gate, host),
        ]
    return stages


def can_be_bundled(trainer: Component, host: Host) -> bool:
    """Whether a bundle can hold the trainer's models as they are."""
    runtime = host.registry("runtimes").get(getattr(trainer, "produces", ""))
    return bool(runtime and runtime.files)
