"""The pipeline: the stages of a recipe in their order, and their execution in a run."""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.component import Component
from workbench.engine.progress import Progress, SilentProgress
from workbench.engine.run import RUN, Run
from workbench.engine.runner import Engine, StagePlan
from workbench.engine.sections import Recipe
from workbench.engine.stage import Stage
from workbench.engine.store import OTHER_FOLDER, Store, open_store
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

LEDGER = "splits.json"  # in the run folder: the split of every imported row
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
    """Run a checked recipe in the folder `out`, and write `report.html`.

    Stages of sibling runs with the same cache key are reused.

    Args:
        recipe: a checked recipe.
        out: the run folder, created if necessary.
        host: the host with the plugins.
        progress: receiver of progress.
        again: execute this stage and all later stages, even if they are cached.
        force: execute every stage.

    Raises:
        WorkbenchError: a stage failed; the same call resumes at this stage.
    """
    store = open_store(out)
    engine = recipe_engine(recipe, store, host, progress)
    try:
        run = engine.run(plan_stages(recipe, host, out / LEDGER), again=again, force=force)
    except WorkbenchError:
        if (out / RUN).is_file() and not store.complete():
            _write_page(host, Run.load(out))  # the report shows the finished stages of a failed run
        raise
    _write_page(host, run)
    return run


def plan_recipe(
    recipe: Recipe, out: Path, host: Host, *, again: str | None = None, force: bool = False
) -> list[StagePlan]:
    """Return the action of `run_recipe` for each stage, without writing anything.

    Args:
        recipe: a checked recipe.
        out: the run folder; it need not exist.
        host: the host with the plugins.
        again: as for `run_recipe`.
        force: as for `run_recipe`.

    Raises:
        WorkbenchError: `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise WorkbenchError("is a file, not a run folder", where=out, remedy=OTHER_FOLDER)
    engine = recipe_engine(recipe, Store(out), host, SILENT)
    return engine.plan(plan_stages(recipe, host, out / LEDGER), again=again, force=force)


def recipe_engine(recipe: Recipe, store: Store, host: Host, progress: Progress) -> Engine:
    """Make the engine for a run of a recipe; it reuses stages of sibling runs."""
    return Engine(host, store, recipe.top.seed, progress, recipe.values, WorkspaceCache(store.path))


def _write_page(host: Host, run: Run) -> None:
    """Write `report.html`; if its libraries are missing, log how to install them."""
    from workbench.report.page import write_report

    try:
        write_report(host, run)
    except MissingExtra as error:
        logger.warning("report.html is not written: %s", error)


def plan_stages(recipe: Recipe, host: Host, ledger: Path | None = None) -> list[Stage]:
    """List the stages of a recipe in their order.

    Args:
        recipe: a checked recipe.
        host: the host with the plugins.
        ledger: file with the splits of imported rows; None = no ledger.

    Raises:
        WorkbenchError: the recipe has no `[[import]]`, has `[[compress]]` or `[gate]` without `[train]`, or has
            `[gate]` without a bundle.
    """
    stages = [import_stage(recipe, ledger)]
    if recipe.clean:
        stages.append(clean_stage(recipe.clean, stages[-1].name))
    if recipe.augment:
        stages.append(augment_stage(recipe.augment, stages[-1].name))
    source = stages[-1].name
    if recipe.train is None:
        if recipe.compress or recipe.gate:
            section = "[[compress]]" if recipe.compress else "[gate]"
            raise WorkbenchError(
                f"{section} needs a model, but the recipe trains none", where=section, remedy='Add [train] use = "NAME"'
            )
        return stages
    bundles = bool(recipe.compress) or can_be_bundled(recipe.train.component, host)
    if recipe.gate and not bundles:
        raise WorkbenchError(
            "the gate needs a bundle, but the recipe makes none",
            where="[gate]",
            remedy='Add an export pass: [[compress]] use = "NAME"',
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
    """Whether the trainer's models can be bundled without an export pass."""
    runtime = host.registry("runtimes").get(getattr(trainer, "produces", ""))
    return bool(runtime and runtime.files)
