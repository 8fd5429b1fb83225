"""Each stage as a verb of its own, with the options of a recipe's section."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from workbench.cli.offered import OfferedCommand
from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, say, table
from workbench.cli.progress import TerminalProgress
from workbench.context import Context
from workbench.digests import digest_path
from workbench.engine.recipe import EvaluateOptions, ImportOptions, Recipe, RecipeOptions, Step
from workbench.engine.runner import explain
from workbench.engine.stage import Stage
from workbench.errors import UsageProblem, WorkbenchError
from workbench.files import publish, refuse_existing, replace_json
from workbench.host import Host
from workbench.machine import cores
from workbench.nouns.bundle import MANIFEST, Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.nouns.splits import remember
from workbench.serving import find_bundle
from workbench.stages.bundling import make_bundle
from workbench.stages.compressing import compress_stages
from workbench.stages.evaluating import metric_steps, report_on
from workbench.stages.importing import import_stage
from workbench.stages.preparing import augment_stage, clean_stage
from workbench.stages.training import train_stage

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
OUT = click.option("-o", "--out", type=PATH, required=True, help="The folder to write.")
SEED = click.option(
    "--seed", type=int, default=RecipeOptions.seed, show_default=True, help="Every random stream comes from it."
)


def work(stages: list[Stage], inputs: Mapping[str, Path], out: Path, host: Host, seed: int) -> None:
    """Work stages one after the other, the last one into `out`, which appears whole or not at all."""
    refuse_existing(out)
    scratch = out.with_name(f".{out.name}.work")
    scratch.mkdir(parents=True, exist_ok=True)
    places = dict(inputs)
    try:
        for stage in stages:
            places[stage.name] = _fresh(scratch / f"out-{stage.name}")
            _work_one(stage, places, scratch, host, seed)
        publish(places[stages[-1].name], out)
        shutil.rmtree(scratch)
    finally:
        _forget_all_but_memories(scratch)
    say(f"wrote {out}")


def _work_one(stage: Stage, places: Mapping[str, Path], scratch: Path, host: Host, seed: int) -> None:
    key = stage.key(host, seed, {name: digest_path(places[name]) for name in stage.needs})
    memory = scratch / key[:8]  # found again by the same command only
    memory.mkdir(exist_ok=True)
    try:
        stage.work(places, places[stage.name], Context(host, seed, memory, log=TerminalProgress().started(stage)))
    except Exception as error:
        if (told := explain(error, stage)) is error:
            raise
        raise told from error


def _forget_all_but_memories(scratch: Path) -> None:
    """After a failure keep what a stage put aside to go on from, and nothing else."""
    if not scratch.is_dir():
        return
    for folder in scratch.iterdir():
        if folder.name.startswith("out-") or not any(folder.iterdir()):
            shutil.rmtree(folder)
    if not any(scratch.iterdir()):
        scratch.rmdir()


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def offered(
    cli: click.Group, name: str, host: Host, hook: str, **more: Any
) -> Callable[[Callable[..., None]], click.Command]:
    """Register an `OfferedCommand` called `name`."""
    several, choice = more.get("several", False), more.get("choice", "use")
    option = click.option(
        f"--{choice}", multiple=several, required=not more.get("default"), metavar="NAME", help="Which one; see below."
    )

    def register(function: Callable[..., None]) -> click.Command:
        command: click.Command = cli.command(name, cls=OfferedCommand, host=host, hook=hook, **more)(option(function))
        return command

    return register


def steps_of(ctx: click.Context) -> tuple[Step, ...]:
    """The offers that an `OfferedCommand` was given."""
    command = ctx.command
    assert isinstance(command, OfferedCommand)
    steps = command.steps(ctx)
    if not steps:
        raise UsageProblem(
            f"--{command.choice} is missing", remedy=f"Known: {', '.join(sorted(command.host.named(command.hook)))}"
        )
    return steps


def add(cli: click.Group, host: Host) -> None:
    """Add import, clean, augment, train, evaluate, compress and export."""
    add_data(cli, host)
    add_models(cli, host)


def add_data(cli: click.Group, host: Host) -> None:
    """Add the verbs that make datasets."""

    @offered(cli, "import", host, "readers", choice="reader")
    @click.argument("source")
    @OUT
    @SEED
    @click.option("--task", default=RecipeOptions.task, show_default=True, help="intent, intents or translation.")
    @click.option("--splits-of", type=FOLDER, help="A dataset whose rows keep the split that they have there.")
    @click.pass_context
    def import_(
        ctx: click.Context, /, source: str, out: Path, seed: int, task: str, splits_of: Path | None, **values: Any
    ) -> None:
        """Read SOURCE into a dataset folder."""
        (step,) = steps_of(ctx)
        given = {k: v for k, v in values.items() if k in ("split", "rare")}
        settings = dataclasses.replace(collect(ImportOptions, given), reader=step.name, source=source)
        recipe = Recipe(
            RecipeOptions(seed=seed, task=task),
            (dataclasses.replace(step, settings=settings),),
            (),
            (),
            None,
            EvaluateOptions(),
            (),
            {},
        )
        ledger = None
        if splits_of:
            ledger = out.with_name(f".{out.name}.splits")
            ledger.parent.mkdir(parents=True, exist_ok=True)
            replace_json(ledger, remember(Dataset.load(splits_of), {}))
        try:
            work([import_stage(recipe, ledger)], {}, out, host, seed)
        finally:
            if ledger:
                ledger.unlink(missing_ok=True)
        show_counts(Dataset.load(out))

    import_.params += [o for o in click_options(ImportOptions) if o.name in ("split", "rare")]

    @offered(cli, "clean", host, "cleaners", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @click.pass_context
    def clean(ctx: click.Context, /, dataset: Path, out: Path, seed: int, **_: Any) -> None:
        """Clean a DATASET with one or more cleaners, in the order given."""
        work([clean_stage(steps_of(ctx), "data")], {"data": dataset}, out, host, seed)
        show_counts(Dataset.load(out))

    @offered(cli, "augment", host, "augmenters", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @click.pass_context
    def augment(ctx: click.Context, /, dataset: Path, out: Path, seed: int, **_: Any) -> None:
        """Add made-up rows to the train split of a DATASET."""
        work([augment_stage(steps_of(ctx), "data")], {"data": dataset}, out, host, seed)
        show_counts(Dataset.load(out))


def add_models(cli: click.Group, host: Host) -> None:
    """Add the verbs that make and measure models."""

    @offered(cli, "train", host, "trainers")
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @click.pass_context
    def train(ctx: click.Context, /, dataset: Path, out: Path, seed: int, **_: Any) -> None:
        """Train a model on a DATASET."""
        (step,) = steps_of(ctx)
        work([train_stage(step, "data", host)], {"data": dataset}, out, host, seed)

    def compress_into(ctx: click.Context, model: Path, out: Path, seed: int, data: Path | None) -> None:
        inputs = {"model": model} | ({"data": data} if data else {})
        stages = compress_stages(steps_of(ctx), "model", "data" if data else None)
        stages.append(Stage("bundle", "bundle", _finish(stages[-1].name), needs=(stages[-1].name,)))
        work(stages, inputs, out, host, seed)

    shared = [
        click.argument("model", type=FOLDER),
        OUT,
        SEED,
        click.option("--data", type=FOLDER, help="A dataset, for passes that measure or train."),
    ]

    def with_shared(function: Callable[..., None]) -> Callable[..., None]:
        for decorate in reversed(shared):
            function = decorate(function)
        return function

    @offered(cli, "compress", host, "passes", several=True)
    @with_shared
    @click.pass_context
    def compress(ctx: click.Context, /, model: Path, out: Path, seed: int, data: Path | None, **_: Any) -> None:
        """Let passes work on a MODEL, in the order given; an ONNX result becomes a bundle, not judged by a gate."""
        compress_into(ctx, model, out, seed, data)

    @offered(cli, "export", host, "passes", several=True, default=("onnx",))
    @with_shared
    @click.pass_context
    def export(ctx: click.Context, /, model: Path, out: Path, seed: int, data: Path | None, **_: Any) -> None:
        """Make an ONNX bundle of a MODEL, by default uncompressed."""
        compress_into(ctx, model, out, seed, data)

    @cli.command("evaluate")
    @click.argument("model", type=FOLDER)
    @click.argument("dataset", type=FOLDER)
    @SEED
    @click.option("--json", "as_json", is_flag=True, help="Print whole reports as JSON.")
    def evaluate(model: Path, dataset: Path, seed: int, as_json: bool, **values: Any) -> None:
        """Score a MODEL, a bundle or a run's bundle on a DATASET."""
        options = collect(EvaluateOptions, values)
        data = Dataset.load(dataset)
        path = find_bundle(model)
        opened = Bundle.load(path).model if (path / MANIFEST).is_file() else Model.load(path)
        predictor = host.open_predictor(opened, PredictorOptions(threads=cores()))
        splits = [split for split in options.splits if data.labelled(split)]
        if not splits:
            raise WorkbenchError(
                f"has no labelled rows in {', '.join(options.splits)}",
                where=dataset,
                remedy="Give --splits, or import it with a split",
            )
        context, steps = Context(host, seed, Path()), metric_steps(options, data.task, host)
        reports = [report_on(path.name, predictor, data, split, steps, context) for split in splits]
        if as_json:
            echo_json([report.to_json() for report in reports])
        else:
            names = sorted({name for report in reports for name in report.metrics})
            table(
                ["split", "rows", *names],
                [[r.split, f"{r.rows:,}", *[f"{r.metrics[n]:.4f}" for n in names]] for r in reports],
            )

    evaluate.params += [option for option in click_options(EvaluateOptions) if option.name != "baselines"]


def _finish(last: str) -> Callable[..., Mapping[str, float]]:
    def finish(inputs: Mapping[str, Path], out: Path, context: Context) -> Mapping[str, float]:
        model = Model.load(inputs[last])
        if model.format == "onnx":
            make_bundle(model, out)
        else:
            shutil.copytree(model.path, out, dirs_exist_ok=True)
        return {}

    return finish


def show_counts(dataset: Dataset) -> None:
    """What became of the rows, by source and reason."""
    rows = [
        [where, reason, f"{count:,}"] for where, reasons in dataset.counts.items() for reason, count in reasons.items()
    ]
    table(
        ["where", "what", "rows"],
        [*rows, ["dataset", "rows", f"{len(dataset):,}"], ["dataset", "intents", f"{len(dataset.intents):,}"]],
        err=True,
    )
