"""Every way into the workbench. A plugin implements any of these with `from workbench.api import hookimpl`.

A *named* hook returns a mapping name -> component (`workbench.components`); the host merges the mappings and refuses a
name that is claimed twice. The built-in plugins use nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from workbench.components import (
        Agreement,
        Augmenter,
        Budget,
        Cleaner,
        Consolidation,
        Encoder,
        Executor,
        Metric,
        Mount,
        Normalization,
        Pass,
        Reader,
        Runtime,
        Selector,
        Trainer,
    )
    from workbench.engine.run import Run, StageRecord
    from workbench.host import Host
    from workbench.report.section import Section
    from workbench.serving.service import Service

hookspec = pluggy.HookspecMarker("workbench")
hookimpl = pluggy.HookimplMarker("workbench")


@hookspec
def register_commands(cli: click.Group, host: Host) -> None:
    """Add verbs to the command line."""


@hookspec
def readers() -> Mapping[str, Reader]:
    """Named: sources that can be imported, each `(source, out, options, context) -> Dataset`."""


@hookspec
def normalizations() -> Mapping[str, Normalization]:
    """Named, with a version: `text -> text`; kept by name in dataset, model and bundle, and applied when serving."""


@hookspec
def cleaners() -> Mapping[str, Cleaner]:
    """Named: `(dataset, out, options, context) -> Dataset`, every removal accounted for."""


@hookspec
def augmenters() -> Mapping[str, Augmenter]:
    """Named: `(utterances, rng, options, context) -> iterator of (parent id, text)`, for the train split only."""


@hookspec
def encoders() -> Mapping[str, Encoder]:
    """Named: base models by short name: where to find them, prefix, pooling, licence."""


@hookspec
def trainers() -> Mapping[str, Trainer]:
    """Named: `(dataset, out, options, context) -> Model`."""


@hookspec
def passes() -> Mapping[str, Pass]:
    """Named: `(model, out, options, context) -> Model`: prune, export, fuse, quantize."""


@hookspec
def metrics() -> Mapping[str, Metric]:
    """Named: `(scored, options, context) -> dict`: numbers for the report."""


@hookspec
def budgets() -> Mapping[str, Budget]:
    """Named: `(limit, measurement) -> Figure`: what the gate can hold a bundle to."""


@hookspec
def executors() -> Mapping[str, Executor]:
    """Named: `(function, items, workers) -> list`: independent work, side by side."""


@hookspec
def runtimes() -> Mapping[str, Runtime]:
    """Named: model formats, each `(model, options) -> Predictor`; what a bundle holds, and what the CPU must have."""


@hookspec
def consolidations() -> Mapping[str, Consolidation]:
    """Named: `(ballots) -> Consolidated`: the intents of each text, from the votes of its annotators."""


@hookspec
def agreements() -> Mapping[str, Agreement]:
    """Named: `(votes, out, host) -> Summary`: how far the annotators of a source agree, and where they do not."""


@hookspec
def selectors() -> Mapping[str, Selector]:
    """Named: `(pool, size) -> list of Selected`: which texts, or which labels, a person should look at next."""


@hookspec
def report_sections(run: Run) -> Iterable[Section]:
    """Pictures and tables for a run's `report.html`."""


@hookspec
def register_routes(app: Any, service: Service) -> None:
    """Add routes to every server, a FastAPI application; `service` predicts, swaps bundles and tells job states."""


@hookspec
def mounts() -> Mapping[str, Mount]:
    """Named: `(app, service) -> None`: routes that a server has only when `workbench serve --with NAME` asks."""


@hookspec
def stage_finished(stage: StageRecord) -> None:
    """Observe: a stage finished, was cached, or failed."""


@hookspec
def request_answered(record: Mapping[str, Any]) -> None:
    """Observe: the server answered; called off the hot path."""
