"""The verbs that make and measure models: train, compress, export, evaluate."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from workbench.cli.measurements import summary_of
from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, say, table
from workbench.cli.verb_run import run_stages
from workbench.cli.verbs import FOLDER, JSON, OUT, SEED, offered, steps_of
from workbench.components import Role
from workbench.context import Context
from workbench.engine.sections import EvaluateOptions
from workbench.errors import UsageProblem, WorkbenchError, unknown
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.utterance import SPLITS
from workbench.serving.open import open_any
from workbench.stages.compression import compress_stages
from workbench.stages.evaluation import metric_steps, report_on, score
from workbench.stages.final_stage import final_stage
from workbench.stages.training import train_stage


def add(cli: click.Group, host: Host) -> None:
    """Add the verbs `train`, `compress`, `export` and `evaluate`."""

    @offered(cli, "train", host, "trainers")
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def train(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Train a model on a DATASET."""
        (config,) = steps_of(ctx)
        run_stages([train_stage(config, "data")], {"data": dataset}, out, host, seed)
        show_model(out, as_json=as_json)

    add_compression(cli, host)

    @cli.command("evaluate")
    @click.argument("model", type=FOLDER)
    @click.argument("dataset", type=FOLDER)
    @SEED
    @JSON
    def evaluate(model: Path, dataset: Path, seed: int, as_json: bool, **values: Any) -> None:
        """Evaluate a MODEL on a DATASET. MODEL is a model folder, a bundle or a run."""
        options: EvaluateOptions = collect(EvaluateOptions, values)
        for name in options.splits:
            if name not in SPLITS:
                raise unknown("split", name, SPLITS, where="--splits")
        data = Dataset.load(dataset)
        splits = [split for split in options.splits if data.labelled(split)]
        if not splits:
            raise WorkbenchError(
                f"has no labelled rows in {', '.join(options.splits)}",
                where=dataset,
                remedy="Set --splits, or import the dataset with --split",
            )
        predictor, steps = open_any(model, host), metric_steps(options, data.task, host)
        with tempfile.TemporaryDirectory() as work:
            context = Context(host, seed, Path(work))
            reports = [report_on(model.name, score(predictor, data, s), s, steps, context) for s in splits]
        if as_json:
            echo_json([report.to_json() for report in reports])
        else:
            names = sorted({name for report in reports for name in report.metrics})
            rows = [[r.split, f"{r.rows:,}", *[f"{r.metrics[name]:.4f}" for name in names]] for r in reports]
            table(["split", "rows", *names], rows)

    evaluate.params += [option for option in click_options(EvaluateOptions) if option.name != "baselines"]


def add_compression(cli: click.Group, host: Host) -> None:
    """Add the verbs `compress` and `export`, which differ in their passes without `--use`."""

    def register(name: str, help: str, **more: Any) -> None:
        @offered(cli, name, host, "passes", several=True, help=help, **more)
        @click.argument("model", type=FOLDER)
        @OUT
        @SEED
        @click.option("--data", type=FOLDER, help="Dataset folder, for passes that measure or train.")
        @click.option(
            "--work",
            "work_folder",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder that keeps intermediate results; a later search with other budgets reuses them.",
        )
        @JSON
        @click.pass_context
        def verb(
            ctx: click.Context,
            /,
            model: Path,
            out: Path,
            seed: int,
            data: Path | None,
            work_folder: Path | None,
            as_json: bool,
            **_: Any,
        ) -> None:
            steps = () if name == "export" and _needs_no_pass(ctx, model, host) else steps_of(ctx)
            stages = compress_stages(steps, "model", "data" if data else None)
            last = stages[-1].name if stages else "model"
            stages.append(final_stage(last, "model", "data" if data else None, say))
            run_stages(stages, {"model": model} | ({"data": data} if data else {}), out, host, seed, work_folder)
            show_model(out, as_json=as_json)

    def first(role: Role) -> Callable[[], tuple[str, ...]]:
        return lambda: tuple(name for name, each in sorted(host.registry("passes").items()) if each.role == role)[:1]

    register(
        "compress",
        "Compress a MODEL into a bundle. Passes run in the order of --use; without --use, a search within budgets "
        "chooses the passes.",
        default=first("search"),
    )
    register(
        "export",
        "Export a MODEL into a bundle, uncompressed unless --use names passes that compress.",
        default=first("export"),
    )


def _needs_no_pass(ctx: click.Context, model: Path, host: Host) -> bool:
    """Return whether no pass was named and a bundle can hold the model unchanged.

    Raises:
        UsageProblem: the model needs no pass, but the command line has an option of one.
    """
    if ctx.get_parameter_source("use") is not ParameterSource.DEFAULT:
        return False
    model_format = Model.load(model).format
    if not host.runtime(model_format, model).files:
        return False
    own = {parameter.name for parameter in ctx.command.params}
    for parameter in ctx.command.get_params(ctx):
        is_set = parameter.name and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        if is_set and parameter.name not in own:
            raise UsageProblem(
                f"{parameter.opts[0]} is an option of a pass, but a model of format {model_format!r} needs no pass",
                remedy=f"Remove {parameter.opts[0]}, or name the pass: --use NAME",
            )
    return True


def show_model(out: Path, *, as_json: bool) -> None:
    """Print path, size and summary of a new model or bundle; nothing without `as_json`."""
    if as_json:
        summary = summary_of(out)
        size = sum(path.stat().st_size for path in out.iterdir())
        echo_json({"model": str(out), "bytes": size} | ({"summary": summary.figures} if summary else {}))
