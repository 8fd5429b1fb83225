"""Stage `evaluate`: every model of the run on dev and test, through the same predictor that serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.context import Context
from workbench.engine.sections import ComponentConfig, EvaluateOptions
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.io.files import write_json
from workbench.machine import cores
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, PredictorOptions
from workbench.nouns.report import Report, Scored


def metric_steps(options: EvaluateOptions, task: str, host: Host) -> tuple[ComponentConfig, ...]:
    """The metrics to compute: those named, else all that fit the task."""
    offered = host.registry("metrics")
    names = options.use or sorted(name for name, metric in offered.items() if task in metric.tasks)
    return tuple(ComponentConfig("metrics", name, offered[name], offered[name].options()) for name in names)


def evaluate_stage(
    models: Mapping[str, str], source: str, options: EvaluateOptions, steps: tuple[ComponentConfig, ...]
) -> Stage:
    """The stage that scores models.

    Args:
        models: subject -> the stage that made it.
        source: the stage of the dataset.
        options: which splits.
        steps: the metrics.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        dataset = Dataset.load(inputs[source])
        splits = [split for split in options.splits if dataset.labelled(split)]
        reports = []
        for subject, stage in models.items():
            predictor = context.host.open_predictor(Model.load(inputs[stage]), PredictorOptions(threads=cores()))
            reports += [report_on(subject, score(predictor, dataset, split), split, steps, context) for split in splits]
        save_reports(out, reports)
        last = list(models)[-1]
        return {f"{r.split}_{name}": value for r in reports if r.subject == last for name, value in r.metrics.items()}

    return Stage(
        "evaluate",
        "evaluate",
        work,
        steps=steps,
        needs=(source, *models.values()),
        settings={"splits": list(options.splits), "models": dict(models)},
        calls=("runtimes",),
    )


def score(predictor: Predictor, dataset: Dataset, split: str) -> Scored:
    """A predictor's logits for the labelled rows of a split.

    Raises:
        WorkbenchError: the predictor knows other intents than the dataset.
    """
    if predictor.model.intents != dataset.intents:
        raise WorkbenchError(
            "its intents are not those of the dataset, or stand in another order",
            where=predictor.model.path,
            remedy="Evaluate it on the dataset that it was trained for",
        )
    rows = dataset.labelled(split)
    logits = predictor.logits([row.text for row in rows])
    return Scored(tuple(rows), tuple(dataset.label_ids(rows)), logits, dataset.intents, predictor.temperature)


def report_on(subject: str, scored: Scored, split: str, steps: Sequence[ComponentConfig], context: Context) -> Report:
    """What the metrics say of the logits for a split."""
    found: dict[str, Any] = {}
    for step in steps:
        found.update(step.component(scored, step.options, context))
    metrics = {name: float(value) for name, value in found.items() if isinstance(value, float)}
    details = {name: value for name, value in found.items() if name not in metrics}
    return Report(subject, split, len(scored.rows), metrics, details)


def save_reports(out: Path, reports: Sequence[Report], **more: object) -> None:
    """Write `report.json`."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", {"reports": [report.to_json() for report in reports], **more})
