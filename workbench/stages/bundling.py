"""Stages `bundle`, `measure` and `gate`: an ONNX model becomes a bundle, is measured as it is served, and judged."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

from workbench.context import Context
from workbench.engine.recipe import EvaluateOptions, Step
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.files import read_json
from workbench.host import Host
from workbench.machine import cores, describe
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.nouns.report import Measurement, Report
from workbench.serving import open_verified
from workbench.stages.card import model_card
from workbench.stages.evaluating import report_on, save_reports


def make_bundle(model: Model, out: Path) -> Bundle:
    """Copy what serving needs into `out` and seal it.

    Raises:
        WorkbenchError: the model is no ONNX model.
    """
    if model.format != "onnx":
        raise WorkbenchError(
            f"has the format {model.format!r}, a bundle needs onnx",
            where=model.path,
            remedy='Add a pass that exports, such as [[compress]] use = "onnx"',
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copyfile(model.path / name, out / name)
    return seal(Bundle(dataclasses.replace(model, path=out)))


def seal(bundle: Bundle) -> Bundle:
    """Write the model card and the manifest."""
    (bundle.path / "README.md").write_text(model_card(bundle), encoding="utf-8")
    return bundle.save()


def bundle_stage(model: str) -> Stage:
    """The stage that assembles a bundle from the last compressed model."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        return {"bytes": make_bundle(Model.load(inputs[model]), out).size()}

    return Stage("bundle", "bundle", work, needs=(model,))


def measure_stage(reference: str, source: str, options: EvaluateOptions, steps: tuple[Step, ...]) -> Stage:
    """The stage that measures the bundle, and its parity with the uncompressed model on dev (on train without dev)."""

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        dataset = Dataset.load(inputs[source])
        bundle = Bundle.load(inputs["bundle"])
        served = open_verified(bundle, context.host, threads=cores())
        splits = [split for split in options.splits if dataset.labelled(split)]
        reports = [report_on("bundle", served, dataset, split, steps, context) for split in splits]
        model = context.host.open_predictor(Model.load(inputs[reference]), PredictorOptions(threads=cores()))
        split = "dev" if dataset.labelled("dev") else "train"
        of_bundle = next((r for r in reports if r.split == split), None) or report_on(
            "bundle", served, dataset, split, steps, context
        )
        of_model = report_on("reference", model, dataset, split, steps, context)
        texts = [row.text for row in dataset.labelled(split)]
        here, there = served.logits(texts), model.logits(texts)
        measurement = Measurement(
            bundle=of_bundle,
            reference=of_model,
            rows=len(texts),
            size=bundle.size(),
            agreement=float((here.argmax(1) == there.argmax(1)).mean()),
            max_logit_difference=float(abs(here - there).max()),
        )
        save_reports(out, reports, measurement=measurement.to_json())
        return {
            "agreement": measurement.agreement,
            "bytes": measurement.size,
            **{f"{r.split}_{name}": value for r in reports for name, value in r.metrics.items()},
        }

    return Stage(
        "measure",
        "measure",
        work,
        steps=steps,
        needs=("bundle", reference, source),
        settings={"splits": list(options.splits), "machine": describe()},
    )


def gate_stage(budgets: Mapping[str, float], host: Host) -> Stage:
    """The stage that publishes the bundle with its figures, accepted or refused; unjudged without budgets."""
    offered = host.named("budgets")
    steps = tuple(Step("budgets", name, offered[name], offered[name].options()) for name in budgets)

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        measured = read_json(inputs["measure"] / "report.json")
        measurement = Measurement.from_json(measured["measurement"])
        figures = [step.offer(budgets[step.name], measurement) for step in steps]
        gate = {"accepted": all(figure.kept for figure in figures), "figures": [figure.to_json() for figure in figures]}
        metrics = {report.split: report.metrics for report in map(Report.from_json, measured["reports"])}
        bundle = make_bundle(Bundle.load(inputs["bundle"]).model, out)
        seal(dataclasses.replace(bundle, metrics=metrics, machine=describe(), gate=gate if figures else None))
        return {"accepted": float(all(figure.kept for figure in figures))} if figures else {}

    return Stage(
        "gate",
        "gate",
        work,
        steps=steps,
        needs=("bundle", "measure"),
        settings={"budgets": dict(budgets), "machine": describe()},
    )
