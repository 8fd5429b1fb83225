"""Stage `evaluate`: score every model of the run on dev and test, with the same predictor as in serving."""

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
    """Return the metrics of `[evaluate]`, or all metrics for the task if the recipe names none."""
    registry = host.registry("metrics")
    names = options.use or sorted(name for name, metric in registry.items() if task in metric.tasks)
    return tuple(ComponentConfig("metrics", name, registry[name], registry[name].options()) for name in names)


def evaluate_stage(
    models: Mapping[str, str], source: str, options: EvaluateOptions, steps: tuple[ComponentConfig, ...]
) -> Stage:
    """Define the stage `evaluate`, which scores models.

    Args:
        models: subject of the report -> name of the stage with the model.
        source: name of the stage with the dataset.
        options: options of `[evaluate]`, for the splits.
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
    """Compute a predictor's logits for the labelled rows of a split.

    Raises:
        WorkbenchError: model and dataset have different intents.
    """
    if predictor.model.intents != dataset.intents:
        raise WorkbenchError(
            "the model has other intents than the dataset, or another order of intents",
            where=predictor.model.path,
            remedy="Evaluate the model on the dataset of its training",
        )
    rows = dataset.labelled(split)
    logits = predictor.logits([row.text for row in rows])
    return Scored(tuple(rows), tuple(dataset.label_ids(rows)), logits, dataset.intents, predictor.temperature)


def report_on(subject: str, scored: Scored, split: str, steps: Sequence[ComponentConfig], context: Context) -> Report:
    """Compute the metrics of scored rows: floats become metrics of the report, other values become details."""
    results: dict[str, Any] = {}
    for step in steps:
        results.update(step.component(scored, step.options, context))
    metrics = {name: float(value) for name, value in results.items() if isinstance(value, float)}
    details = {name: value for name, value in results.items() if name not in metrics}
    return Report(subject, split, len(scored.rows), metrics, details)


def save_reports(out: Path, reports: Sequence[Report], **more: object) -> None:
    """Write `report.json` with reports and other JSON values into the folder `out`; create the folder if necessary."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", {"reports": [report.to_json() for report in reports], **more})
