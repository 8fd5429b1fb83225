"""Stages `bundle`, `measure` and `gate`: make a bundle, measure it as served, and check its budgets."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.context import Context
from workbench.engine.sections import ComponentConfig, EvaluateOptions
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.io.files import read_json
from workbench.machine import cores, describe
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, PredictorOptions
from workbench.nouns.report import Measurement, PassParity, Report
from workbench.quality.calibration import Calibration
from workbench.quality.invariance import MAX_TEXTS, Invariance, batch_invariance, sample_texts
from workbench.serving.open import open_verified
from workbench.stages.calibration import CALIBRATE, read_calibration
from workbench.stages.evaluation import report_on, save_reports, score
from workbench.stages.model_card import model_card

logger = logging.getLogger(__name__)


def make_bundle(model: Model, out: Path, host: Host, temperature: float = 1.0) -> Bundle:
    """Copy the files that serving needs into `out`, and write manifest and model card.

    Args:
        model: the model to bundle.
        out: folder of the bundle, created if necessary.
        host: the host with the runtime of the model's format.
        temperature: divisor of the logits.

    Raises:
        WorkbenchError: the model's format cannot be bundled, a file is missing, or the runtime lists files in folders.
    """
    runtime = host.runtime(model.format, model.path)
    files = runtime.files
    if not files:
        formats = sorted(name for name, runtime in host.registry("runtimes").items() if runtime.files)
        raise WorkbenchError(
            f"has the format {model.format!r}, which cannot be bundled",
            where=model.path,
            remedy=f"Add an export pass to [[compress]]; formats with bundles: {', '.join(formats) or 'none'}",
        )
    if runtime.nested_files:
        raise WorkbenchError(
            f"has the format {model.format!r}, whose runtime lists the file {runtime.nested_files[0]!r}, "
            "but a bundle has no folders",
            where=model.path,
            remedy="Correct `files` in the runtime's plugin, then check with: workbench plugins --check",
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in files:
        if not (model.path / name).is_file():
            raise WorkbenchError(
                "is missing", where=model.path / name, remedy="Copy the model folder again, or make a new model"
            )
        shutil.copyfile(model.path / name, out / name)
    return seal(Bundle(dataclasses.replace(model, path=out), files, temperature, machine=describe()))


def seal(bundle: Bundle, measurement: Measurement | None = None) -> Bundle:
    """Write the manifest and the model card of a bundle, with its measurement."""
    (bundle.path / "README.md").write_text(model_card(bundle, measurement), encoding="utf-8")
    return bundle.save()


def bundle_stage(model: str) -> Stage:
    """Define the stage `bundle`, which makes a bundle of the last model and its temperature.

    Args:
        model: name of the stage with the last model.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        calibration = read_calibration(inputs[CALIBRATE])
        temperature = calibration.fitted.temperature if calibration else 1.0
        bundle = make_bundle(Model.load(inputs[model]), out, context.host, temperature)
        return {"bytes": bundle.size()}

    return Stage(
        "bundle",
        "bundle",
        work,
        needs=(model, CALIBRATE),
        settings={"machine": describe()},
        calls=("runtimes",),
    )


def measure(
    bundle: Bundle,
    baseline: Model,
    dataset: Dataset,
    splits: Sequence[str],
    steps: tuple[ComponentConfig, ...],
    context: Context,
    calibration: Calibration | None,
) -> tuple[Bundle, Measurement, list[Report]]:
    """Measure a bundle as served, and compare it with the baseline model.

    Agreement is measured on dev, or on train if dev has no labelled rows. A gate refuses measurements on train.

    Args:
        bundle: the bundle to measure.
        baseline: the baseline model.
        dataset: a dataset with labelled rows in dev or train.
        splits: splits of the reports; splits without labelled rows are skipped.
        steps: the metrics.
        context: context with the host, which opens the models.
        calibration: the calibration that gave the bundle's temperature.

    Returns:
        The bundle with its final batch size, the measurement, and a report for each of `splits`.
    """
    bundle, served, invariance = open_batch_invariant(bundle, sample_texts(dataset, context.seed), context)
    model = context.host.open_predictor(baseline, PredictorOptions(threads=cores()))
    compared = "dev" if dataset.labelled("dev") else "train"
    scored_splits = dict.fromkeys([compared, *(split for split in splits if dataset.labelled(split))])
    scored = {split: score(served, dataset, split) for split in scored_splits}
    reports = {split: report_on("bundle", scored[split], split, steps, context) for split in scored_splits}
    bundle_scores, baseline_scores = scored[compared], score(model, dataset, compared)
    runtime = context.host.runtime(bundle.model.format)
    measurement = Measurement(
        bundle=reports[compared],
        baseline=report_on("baseline", baseline_scores, compared, steps, context),
        rows=len(bundle_scores.rows),
        size=bundle.size(),
        agreement=float((bundle_scores.logits.argmax(1) == baseline_scores.logits.argmax(1)).mean()),
        max_logit_difference=float(abs(bundle_scores.logits - baseline_scores.logits).max()),
        invariance=invariance,
        legs=PassParity.from_history(bundle.model.history),
        facts=runtime.facts_of(bundle.model),
        titles=runtime.titles,
        calibration=calibration,
    )
    return bundle, measurement, [report for split, report in reports.items() if split in splits]


def open_batch_invariant(
    bundle: Bundle, texts: Sequence[str], context: Context
) -> tuple[Bundle, Predictor, Invariance]:
    """Open a bundle and check its batch invariance; reduce its batch size to 1 if the check fails.

    Args:
        bundle: the bundle to open.
        texts: texts for the check.
        context: context with the host and the seed.

    Returns:
        The bundle, with `rows_per_call=1` after a failed check; its predictor; the result of the last check.
    """
    served = open_verified(bundle, context.host, threads=cores())
    invariance = batch_invariance(served, texts, seed=context.seed)
    if not invariance.holds and bundle.model.rows_per_call != 1:
        logger.warning("%s; the server will run this bundle with batch size 1, which lowers its throughput", invariance)
        bundle = dataclasses.replace(bundle, model=dataclasses.replace(bundle.model, rows_per_call=1))
        served = context.host.open_predictor(bundle.model, PredictorOptions(threads=cores()))
        served.temperature = bundle.temperature
        invariance = batch_invariance(served, texts, seed=context.seed)
    return bundle, served, invariance


def measure_stage(baseline: str, source: str, options: EvaluateOptions, steps: tuple[ComponentConfig, ...]) -> Stage:
    """Define the stage `measure`, which measures the bundle as served and compares it with the baseline model.

    Args:
        baseline: name of the stage with the baseline model.
        source: name of the stage with the dataset.
        options: options of `[evaluate]`, for the splits.
        steps: the metrics.
    """

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        bundle, measurement, reports = measure(
            Bundle.load(inputs["bundle"]),
            Model.load(inputs[baseline]),
            Dataset.load(inputs[source]),
            options.splits,
            steps,
            context,
            read_calibration(inputs[CALIBRATE]),
        )
        save_reports(out, reports, measurement=measurement.to_json(), rows_per_call=bundle.model.rows_per_call)
        return {
            "agreement": measurement.agreement,
            "bytes": measurement.size,
            **{f"{report.split}_{name}": value for report in reports for name, value in report.metrics.items()},
        }

    return Stage(
        "measure",
        "measure",
        work,
        steps=steps,
        needs=("bundle", CALIBRATE, baseline, source),
        settings={"splits": list(options.splits), "machine": describe(), "invariance": MAX_TEXTS},
        calls=("runtimes",),
    )


def gate_stage(budgets: Mapping[str, float], host: Host) -> Stage:
    """Define the stage `gate`, which checks the budgets and publishes the bundle with its metrics.

    Without budgets the bundle is published as neither accepted nor refused.

    Args:
        budgets: budget -> limit.
        host: the host with the budgets.
    """
    registry = host.registry("budgets")
    steps = tuple(ComponentConfig("budgets", name, registry[name], registry[name].options()) for name in budgets)

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        report = read_json(inputs["measure"] / "report.json")
        measurement = Measurement.from_json(report["measurement"])
        if budgets and measurement.bundle.split != "dev":
            raise WorkbenchError(
                "the budgets need labelled dev rows, but the dataset has none",
                where="[gate]",
                remedy="Set split = {train = 0.8, dev = 0.2} in an [[import]], or remove [gate]",
            )
        figures = [step.component(budgets[step.name], measurement) for step in steps]
        gate = {"accepted": all(figure.kept for figure in figures), "figures": [figure.to_json() for figure in figures]}
        metrics = {each.split: each.metrics for each in map(Report.from_json, report["reports"])}
        measured = Bundle.load(inputs["bundle"])
        model = dataclasses.replace(measured.model, rows_per_call=report["rows_per_call"])
        bundle = make_bundle(model, out, context.host, measured.temperature)
        seal(dataclasses.replace(bundle, metrics=metrics, gate=gate if figures else None), measurement)
        return {"accepted": float(all(figure.kept for figure in figures))} if figures else {}

    return Stage(
        "gate",
        "gate",
        work,
        steps=steps,
        needs=("bundle", "measure"),
        settings={"budgets": dict(budgets), "machine": describe()},
        calls=("runtimes",),
    )
