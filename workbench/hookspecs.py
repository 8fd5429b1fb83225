"""All hooks of the workbench. A plugin implements any of them with `from workbench.api import hookimpl`.

A *named* hook returns a mapping name -> component (`workbench.components`). The host merges the mappings of all
plugins; a name in two of them is an error. The built-in plugins use only these hooks.
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
    """Named: readers of sources, each `(source, out, options, context) -> Dataset`."""


@hookspec
def normalizations() -> Mapping[str, Normalization]:
    """Named, with a version: `text -> text`, for training and serving; dataset, model and bundle store the name."""


@hookspec
def cleaners() -> Mapping[str, Cleaner]:
    """Named: `(dataset, out, options, context) -> Dataset`, with a count of every removal."""


@hookspec
def augmenters() -> Mapping[str, Augmenter]:
    """Named: `(utterances, rng, options, context) -> iterator of (parent id, text)`, for the train split only."""


@hookspec
def encoders() -> Mapping[str, Encoder]:
    """Named: base models by short name, with location, prefix, pooling and licence."""


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
    """Named: `(limit, measurement) -> Figure`: budgets that the gate checks."""


@hookspec
def executors() -> Mapping[str, Executor]:
    """Named: `(function, items, workers) -> list`: independent work in parallel."""


@hookspec
def runtimes() -> Mapping[str, Runtime]:
    """Named: model formats, each `(model, options) -> Predictor`, with the files of a bundle and CPU advice."""


@hookspec
def consolidations() -> Mapping[str, Consolidation]:
    """Named: `(ballots) -> Consolidated`: the intents of each text, from the votes of its annotators."""


@hookspec
def agreements() -> Mapping[str, Agreement]:
    """Named: `(votes, out, host) -> Summary`: the agreement of a source's annotators, and their disputes."""


@hookspec
def selectors() -> Mapping[str, Selector]:
    """Named: `(pool, size) -> list of Selected`: the texts or labels that a person should review next."""


@hookspec
def report_sections(run: Run) -> Iterable[Section]:
    """Return sections for a run's `report.html`."""


@hookspec
def register_routes(app: Any, service: Service) -> None:
    """Add routes to every server, a FastAPI application; `service` predicts, swaps bundles and reports job states."""


@hookspec
def mounts() -> Mapping[str, Mount]:
    """Named: `(app, service) -> None`: optional routes, added by `workbench serve --with NAME`."""


@hookspec
def stage_finished(stage: StageRecord) -> None:
    """Observe a stage that finished, was cached, or failed."""


@hookspec
def request_answered(record: Mapping[str, Any]) -> None:
    """Observe a response of the server; called outside the thread that sends the response."""
