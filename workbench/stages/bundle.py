"""Stages `bundle`, `measure` and `gate`: a model becomes a bundle, is measured as it is served, and judged."""

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
from workbench.quality.invariance import MOST, Invariance, batch_invariance, sample_texts
from workbench.serving.open import open_verified
from workbench.stages.calibration import CALIBRATE, read_calibration
from workbench.stages.evaluation import report_on, save_reports, score
from workbench.stages.model_card import model_card

logger = logging.getLogger(__name__)


def make_bundle(model: Model, out: Path, host: Host, temperature: float = 1.0) -> Bundle:
    """Copy what serving needs into `out` and seal it.

    Raises:
        WorkbenchError: models of its format cannot be bundled, or one of its files is missing or no plain name.
    """
    runtime = host.runtime(model.format, model.path)
    files = runtime.files
    if not files:
        formats = sorted(name for name, runtime in host.registry("runtimes").items() if runtime.files)
        raise WorkbenchError(
            f"has the format {model.format!r}, which cannot be bundled",
            where=model.path,
            remedy=f"Add a pass to [[compress]] that exports to one of: {', '.join(formats) or 'there are none'}",
        )
    if runtime.nested_files:
        raise WorkbenchError(
            f"has the format {model.format!r}, whose file {runtime.nested_files[0]!r} is no plain file name",
            where=model.path,
            remedy="A bundle has no folders: mend the plugin that brings the runtime, see workbench plugins --check",
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in files:
        if not (model.path / name).is_file():
            raise WorkbenchError(
                "is missing", where=model.path / name, remedy="The folder is incomplete: make or copy it again"
            )
        shutil.copyfile(model.path / name, out / name)
    return seal(Bundle(dataclasses.replace(model, path=out), files, temperature, machine=describe()))


def seal(bundle: Bundle, measurement: Measurement | None = None) -> Bundle:
    """Write the manifest and the model card, with what was measured."""
    (bundle.path / "README.md").write_text(model_card(bundle, measurement), encoding="utf-8")
    return bundle.save()


def bundle_stage(model: str) -> Stage:
    """The stage that assembles a bundle from the last compressed model and its temperature."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        found = read_calibration(inputs[CALIBRATE])
        made = make_bundle(Model.load(inputs[model]), out, context.host, found.fitted.temperature if found else 1.0)
        return {"bytes": made.size()}

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
    """The bundle as it is to be served, measured beside the uncompressed model, and its report on each of the splits.

    Parity is measured on dev; without dev rows on train, where it says less, and a gate refuses to judge by it.

    Args:
        bundle: that is measured.
        baseline: the uncompressed model.
        dataset: with labelled rows of dev or train.
        splits: that are reported on; those without labelled rows are left out.
        steps: the metrics.
        context: opens the models.
        calibration: where the bundle's temperature comes from.
    """
    bundle, served, invariance = open_batch_invariant(bundle, sample_texts(dataset, context.seed), context)
    model = context.host.open_predictor(baseline, PredictorOptions(threads=cores()))
    compared = "dev" if dataset.labelled("dev") else "train"
    asked = dict.fromkeys([compared, *(split for split in splits if dataset.labelled(split))])
    scored = {split: score(served, dataset, split) for split in asked}
    reports = {split: report_on("bundle", scored[split], split, steps, context) for split in asked}
    here, there = scored[compared], score(model, dataset, compared)
    runtime = context.host.runtime(bundle.model.format)
    measurement = Measurement(
        bundle=reports[compared],
        baseline=report_on("baseline", there, compared, steps, context),
        rows=len(here.rows),
        size=bundle.size(),
        agreement=float((here.logits.argmax(1) == there.logits.argmax(1)).mean()),
        max_logit_difference=float(abs(here.logits - there.logits).max()),
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
    """The bundle, open, and what other texts change of its answers; where they change any, it is asked one a call."""
    served = open_verified(bundle, context.host, threads=cores())
    found = batch_invariance(served, texts, seed=context.seed)
    if not found.holds and bundle.model.rows_per_call != 1:
        logger.warning("%s; the bundle will be asked one text a call, which is slower where many come at once", found)
        bundle = dataclasses.replace(bundle, model=dataclasses.replace(bundle.model, rows_per_call=1))
        served = context.host.open_predictor(bundle.model, PredictorOptions(threads=cores()))
        served.temperature = bundle.temperature
        found = batch_invariance(served, texts, seed=context.seed)
    return bundle, served, found


def measure_stage(baseline: str, source: str, options: EvaluateOptions, steps: tuple[ComponentConfig, ...]) -> Stage:
    """The stage that measures the bundle as it is served, beside the uncompressed model, as a gate judges it."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        bundle, measurement, asked = measure(
            Bundle.load(inputs["bundle"]),
            Model.load(inputs[baseline]),
            Dataset.load(inputs[source]),
            options.splits,
            steps,
            context,
            read_calibration(inputs[CALIBRATE]),
        )
        save_reports(out, asked, measurement=measurement.to_json(), rows_per_call=bundle.model.rows_per_call)
        return {
            "agreement": measurement.agreement,
            "bytes": measurement.size,
            **{f"{report.split}_{name}": value for report in asked for name, value in report.metrics.items()},
        }

    return Stage(
        "measure",
        "measure",
        work,
        steps=steps,
        needs=("bundle", CALIBRATE, baseline, source),
        settings={"splits": list(options.splits), "machine": describe(), "invariance": MOST},
        calls=("runtimes",),
    )


def gate_stage(budgets: Mapping[str, float], host: Host) -> Stage:
    """The stage that publishes the bundle with its figures, accepted or refused; unjudged without budgets."""
    offered = host.registry("budgets")
    steps = tuple(ComponentConfig("budgets", name, offered[name], offered[name].options()) for name in budgets)

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        measured = read_json(inputs["measure"] / "report.json")
        measurement = Measurement.from_json(measured["measurement"])
        if budgets and measurement.bundle.split != "dev":
            raise WorkbenchError(
                "there are no labelled dev rows to judge the bundle on",
                where="[gate]",
                remedy="Give an [[import]] a split with a dev share, or take [gate] out",
            )
        figures = [step.component(budgets[step.name], measurement) for step in steps]
        gate = {"accepted": all(figure.kept for figure in figures), "figures": [figure.to_json() for figure in figures]}
        metrics = {report.split: report.metrics for report in map(Report.from_json, measured["reports"])}
        made = Bundle.load(inputs["bundle"])
        model = dataclasses.replace(made.model, rows_per_call=measured["rows_per_call"])
        bundle = make_bundle(model, out, context.host, made.temperature)
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
