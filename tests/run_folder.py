"""A run folder as the engine leaves it, with reports that the real metrics computed from made-up logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.bundles import FILES
from workbench.context import Context
from workbench.engine.run import FORMAT, RUN, Run
from workbench.host import Host
from workbench.io.files import write_json
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.report import Figure, Measurement, PassParity, Report, Scored
from workbench.quality.calibration import Calibration, CalibrationScores
from workbench.quality.invariance import Invariance

OWN = "<i>own</i>"  # a step of a third party
RECIPE = {"seed": 13, "train": {"use": "finetune", "encoder": "minilm"}}


def logits_with(truth: list[int], intents: int, accuracy: float, seed: int) -> np.ndarray:
    """Logits float32 [n, intents] that are right in about this share of the rows, more or less surely so."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(len(truth), intents)).astype(np.float32)
    for row, right in enumerate(truth):
        wrong = (right + 1 + random.integers(3)) % intents
        logits[row, right if random.random() < accuracy else wrong] += 6 + random.random()
    return logits


def measure(host: Host, subject: str, split: str, dataset: Dataset, logits: np.ndarray) -> Report:
    """The report of these logits: what the metrics' numbers and the rest of what they say make up."""
    rows = tuple(dataset.labelled(split))
    scored = Scored(rows, tuple(dataset.label_ids(rows)), logits, dataset.intents)
    context, found = Context(host=host, seed=13, work=Path()), {}
    for component in host.registry("metrics").values():
        found |= component(scored, component.options(), context)
    metrics = {name: value for name, value in found.items() if isinstance(value, float)}
    return Report(subject, split, len(rows), metrics, {name: found[name] for name in found if name not in metrics})


def story(host: Host, dataset: Dataset, shares: dict[str, float]) -> list[Report]:
    """Reports on dev and test of models that are right in these shares of the rows."""
    return [
        measure(
            host,
            subject,
            split,
            dataset,
            logits_with(dataset.label_ids(dataset.labelled(split)), len(dataset.intents), share, seed),
        )
        for seed, (subject, share) in enumerate(shares.items())
        for split in ("dev", "test")
    ]


class RunFolder:
    """Writes stages one after the other; `done()` points `run.json` at them."""

    def __init__(self, path: Path, recipe: dict | None = None) -> None:
        self.path, self.recipe, self.stages = path, recipe or RECIPE, []

    def stage(
        self,
        name: str,
        kind: str,
        seconds: float = 1.0,
        *,
        status: str = "finished",
        error: str | None = None,
        **metrics: float,
    ) -> Path:
        place = f"stages/{name}-{len(self.stages):08x}/out"
        self.stages.append(
            {
                "name": name,
                "kind": kind,
                "path": place,
                "key": f"{len(self.stages):064x}",
                "digest": "",
                "status": status,
                "seconds": seconds,
                "metrics": metrics,
                "error": error,
                "origin": None,
            }
        )
        if status != "failed":
            (self.path / place).mkdir(parents=True)
        return self.path / place

    def done(self) -> Run:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / RUN, {"format": FORMAT, "recipe": self.recipe, "stages": self.stages})
        return Run.load(self.path)


def full_run(path: Path, dataset: Dataset, reports: list[Report], *, accepted: bool = True, weight: int = 1000) -> Run:
    """A run that came to its end; the reports of the subject `bundle` belong to the stage `measure`."""
    folder = RunFolder(path)
    dataset.save(folder.stage("import", "import", 1.42, rows=len(dataset)))
    dataset.save(folder.stage("clean", "clean", 0.61, status="cached", removed=3))
    (folder.stage("train", "train", 836.2, dev_accuracy=0.9312) / "model.safetensors").write_bytes(b"w" * 90 * weight)
    out = folder.stage("evaluate", "evaluate", 41.0)
    write_json(out / "report.json", {"reports": [r.to_json() for r in reports if r.subject != "bundle"]})
    for number, (name, size) in enumerate((("onnx", 88), ("int8", 22)), start=1):
        (folder.stage(f"compress-{number}-{name}", "compress", 7.5) / "model.onnx").write_bytes(b"o" * size * weight)
    bundle = save_bundle(folder.stage("bundle", "bundle", 0.3), dataset, weight)
    measured = {report.subject: report for report in reports if report.split == "dev"}
    measurement = Measurement(
        measured["bundle"],
        measured["finetune"],
        measured["bundle"].rows,
        0.9931,
        0.2140,
        bundle.size(),
        Invariance(1234, 3, 0.0125),
        (
            PassParity("onnx", "dev", 256, 1.0, 3.1e-6),
            PassParity("int8", "calibration", 64, 0.985, 0.21),
            PassParity(OWN, OWN, 1, 1.0, 0.0),
        ),
        {"nodes": 142, "fused_nodes": 37, "int8_nodes": 61},
        Calibration(
            977,
            CalibrationScores(1.0, 0.31, 0.042),
            CalibrationScores(0.8, 0.29, 0.031),
            CalibrationScores(0.66, 0.27, 0.012),
        ),
        {"fused_nodes": ("fused nodes", "融合节点数"), "int8_nodes": ("int8 nodes, or both", "int8 节点数")},
    )
    write_json(
        folder.stage("measure", "measure", 12.0) / "report.json",
        {"reports": [r.to_json() for r in reports if r.subject == "bundle"], "measurement": measurement.to_json()},
    )
    figures = [
        Figure("max_accuracy_drop", 0.12 if accepted else 0.71, 0.5, "points", accepted),
        Figure("max_size_mb", bundle.size() / 1e6, 25, "MB", True),
    ]
    gate = {"accepted": accepted, "figures": [figure.to_json() for figure in figures]}
    save_bundle(folder.stage("gate", "gate", 0.1), dataset, weight, gate)
    return folder.done()


def save_bundle(out: Path, dataset: Dataset, weight: int, gate: dict | None = None) -> Bundle:
    (out / "model.onnx").write_bytes(b"o" * 22 * weight)
    (out / "tokenizer.json").write_text("{}", encoding="utf-8")
    (out / "README.md").write_text("# Card\n", encoding="utf-8")
    model = Model(out, "onnx", dataset.task, dataset.intents, 64)
    return Bundle(model, FILES, machine={"cpu": "A <CPU> & co"}, gate=gate).save()
