"""Compression and gate: what each step weighs, how close the bundle is to the model, and what the budgets say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.machine import in_words

if TYPE_CHECKING:
    from workbench_evaluate.sections.reading import Findings

CALIBRATIONS = {
    "plain": ("none", "无"),
    "carried": ("fitted before compression, on the uncompressed model", "压缩前在原模型上拟合"),
    "fitted": ("fitted after compression, as served", "压缩后重新拟合（上线使用）"),
}
LEGS = {
    "onnx": ("torch → ONNX", "torch → ONNX"),
    "fuse": ("ONNX → fused", "ONNX → 融合"),
    "int8": ("float32 → int8", "float32 → int8"),
    "fp16-weights": ("float32 → float16 weights", "float32 → float16 权重"),
}
TEXTS = {"calibration": ("calibration", "校准文本"), "made-up words": ("made-up words", "随机生成的文本")}


def values(findings: Findings) -> dict[str, Any] | None:
    """Sizes from the trained model to the bundle, parity by pass and of all, invariance, and the gate's figures."""
    run, measurement = findings.run, findings.run.measurement()
    bundle, legs = run.bundle(), measurement.legs if measurement else ()
    steps = [(stage.name, _size(stage.path)) for stage in run.stages if stage.kind in ("train", "compress")]
    if bundle is not None:
        steps.append(("bundle", bundle.size()))
    if measurement is None and bundle is None and len(steps) < 2:
        return None
    return {
        "steps": steps,
        "largest": max(size for _, size in steps),
        "measurement": measurement,
        "accuracy": _accuracy(measurement),
        "legs": [(_said(LEGS, leg.step), _said(TEXTS, leg.texts), leg) for leg in legs],
        "calibrations": _calibrations(measurement),
        "gate": bundle.gate if bundle else None,
        "machine": in_words(bundle.machine) if bundle and bundle.machine else "",
    }


def _said(words: Mapping[str, tuple[str, str]], name: str) -> tuple[str, str]:
    """What a name is called in English and in Chinese; one without a word here goes by itself."""
    return words.get(name, (name, name))


def _calibrations(measurement: Any) -> list[tuple[tuple[str, str], Any]]:
    """The bundle's scores in three ways, with words for each."""
    found = measurement.calibration if measurement else None
    return [(words, getattr(found, way)) for way, words in CALIBRATIONS.items()] if found else []


def _accuracy(measurement: Any) -> tuple[float, float] | None:
    """Of the uncompressed model and of the bundle."""
    if measurement is None or not all("accuracy" in r.metrics for r in (measurement.baseline, measurement.bundle)):
        return None
    return measurement.baseline.metrics["accuracy"], measurement.bundle.metrics["accuracy"]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
