"""The section "Compression and gate": sizes, parity with the baseline model, calibration and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.machine import in_words

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults

CALIBRATIONS = {
    "plain": ("none", "无"),
    "carried": ("fitted before compression, on the baseline model", "压缩前在基线模型上拟合"),
    "fitted": ("fitted after compression, as served", "压缩后重新拟合（上线使用）"),
}
PASSES = {
    "onnx": ("torch → ONNX", "torch → ONNX"),
    "fuse": ("ONNX → fused", "ONNX → 融合"),
    "int8": ("float32 → int8", "float32 → int8"),
    "fp16-weights": ("float32 → float16 weights", "float32 → float16 权重"),
}
TEXTS = {"calibration": ("calibration", "校准文本"), "made-up words": ("random words", "随机生成的文本")}


def values(results: RunResults) -> dict[str, Any] | None:
    """Return sizes from trained model to bundle, parity per pass and in total, batch invariance, and gate figures."""
    run, measurement = results.run, results.run.measurement()
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
        "legs": [(_title(PASSES, leg.step), _title(TEXTS, leg.texts), leg) for leg in legs],
        "calibrations": _calibrations(measurement),
        "gate": bundle.gate if bundle else None,
        "machine": in_words(bundle.machine) if bundle and bundle.machine else "",
    }


def _title(titles: Mapping[str, tuple[str, str]], name: str) -> tuple[str, str]:
    """Return the English and Chinese title of a name; by default the name itself."""
    return titles.get(name, (name, name))


def _calibrations(measurement: Any) -> list[tuple[tuple[str, str], Any]]:
    """Return the title and calibration error of each of the three temperatures."""
    calibration = measurement.calibration if measurement else None
    return [(title, getattr(calibration, name)) for name, title in CALIBRATIONS.items()] if calibration else []


def _accuracy(measurement: Any) -> tuple[float, float] | None:
    """Return the accuracy of the baseline model and of the bundle."""
    if measurement is None or not all("accuracy" in r.metrics for r in (measurement.baseline, measurement.bundle)):
        return None
    return measurement.baseline.metrics["accuracy"], measurement.bundle.metrics["accuracy"]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
