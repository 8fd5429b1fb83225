"""The verbs that make and measure models: train, compress, export, evaluate."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from workbench.cli.measurements import summary_of
from workbench.cli.once import work
from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, say, table
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
    """Add train, compress, export and evaluate."""

    @offered(cli, "train", host, "trainers")
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def train(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Train a model on a DATASET."""
        (step,) = steps_of(ctx)
        work([train_stage(step, "data")], {"data": dataset}, out, host, seed)
        show(out, as_json=as_json)

    add_compression(cli, host)

    @cli.command("evaluate")
    @click.argument("model", type=FOLDER)
    @click.argument("dataset", type=FOLDER)
    @SEED
    @JSON
    def evaluate(model: Path, dataset: Path, seed: int, as_json: bool, **values: Any) -> None:
        """Score a MODEL, a bundle, or the bundle or model of a run, on a DATASET."""
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
                remedy="Give --splits, or import it with a split",
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
    """Add compress and export, which differ in what they do when no pass is named."""

    def register(name: str, help: str, **more: Any) -> None:
        @offered(cli, name, host, "passes", several=True, help=help, **more)
        @click.argument("model", type=FOLDER)
        @OUT
        @SEED
        @click.option("--data", type=FOLDER, help="A dataset, for passes that measure or train.")
        @click.option(
            "--work",
            "kept",
            type=click.Path(path_type=Path, file_okay=False),
            help="Keep the intermediate results of passes here; a search within other budgets goes on from them.",
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
            kept: Path | None,
            as_json: bool,
            **_: Any,
        ) -> None:
            steps = () if name == "export" and _needs_no_pass(ctx, model, host) else steps_of(ctx)
            stages = compress_stages(steps, "model", "data" if data else None)
            last = stages[-1].name if stages else "model"
            stages.append(final_stage(last, "model", "data" if data else None, say))
            work(stages, {"model": model} | ({"data": data} if data else {}), out, host, seed, kept)
            show(out, as_json=as_json)

    def first(role: Role) -> Callable[[], tuple[str, ...]]:
        return lambda: tuple(name for name, each in sorted(host.registry("passes").items()) if each.role == role)[:1]

    register(
        "compress",
        "Make a bundle of a MODEL by passes in the order given; without --use by a search within budgets.",
        default=first("search"),
    )
    register("export", "Make a bundle of a MODEL, uncompressed unless --use says more.", default=first("export"))


def _needs_no_pass(ctx: click.Context, model: Path, host: Host) -> bool:
    """Whether no pass was named and a bundle can hold the model as it is.

    Raises:
        UsageProblem: then an option of the pass was given all the same.
    """
    if ctx.get_parameter_source("use") is not ParameterSource.DEFAULT:
        return False
    found = Model.load(model)
    if not host.runtime(found.format, model).files:
        return False
    own = {parameter.name for parameter in ctx.command.params}
    for parameter in ctx.command.get_params(ctx):
        given = parameter.name and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        if given and parameter.name not in own:
            raise UsageProblem(
                f"{parameter.opts[0]} is an option of a pass, and the model of format {found.format!r} needs none",
                remedy="Leave it out, or name the pass: --use NAME",
            )
    return True


def show(out: Path, *, as_json: bool) -> None:
    """What was made, for programs."""
    if as_json:
        told = summary_of(out)
        size = sum(path.stat().st_size for path in out.iterdir())
        echo_json({"model": str(out), "bytes": size} | ({"summary": told.figures} if told else {}))
