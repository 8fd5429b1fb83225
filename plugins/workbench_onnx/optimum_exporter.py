"""The exporter `optimum`: optimum-onnx's `export`, with a configuration of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from optimum.exporters.onnx import export as optimum_export
from optimum.exporters.onnx.model_configs import BertOnnxConfig

if TYPE_CHECKING:
    from workbench_onnx.classifier import Classifier

Axes = dict[str, dict[int, str]]


class ClassifierOnnxConfig(BertOnnxConfig):  # type: ignore[misc]
    """The classifier's inputs and outputs; the tracer's example comes from BERT's configuration."""

    @property
    def inputs(self) -> Axes:
        """Both are int64 [batch, sequence]."""
        return {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask")}

    @property
    def outputs(self) -> Axes:
        """Float32 [batch, intents] and [batch, d]."""
        return {name: {0: "batch"} for name in ("logits", "embedding")}


def export(classifier: Classifier, work: Path, opset: int) -> onnx.ModelProto:
    """The classifier's graph; `work` is a folder for what optimum writes on its way."""
    path = work / "optimum.onnx"
    optimum_export(classifier, ClassifierOnnxConfig(classifier.config, task="feature-extraction"), path, opset=opset)
    return onnx.load(path)
