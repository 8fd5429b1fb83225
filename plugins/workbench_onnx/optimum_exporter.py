"""The exporter `optimum`: optimum-onnx's `export`, with a configuration of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from optimum.exporters.onnx import export as optimum_export
from optimum.exporters.onnx.model_configs import BertOnnxConfig
from transformers import PreTrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from workbench.api.torch import IntentClassifier

Axes = dict[str, dict[int, str]]


class OptimumClassifier(PreTrainedModel):  # type: ignore[no-untyped-call]
    """The classifier as a `PreTrainedModel`: optimum exports nothing else."""

    def __init__(self, classifier: IntentClassifier) -> None:
        super().__init__(classifier.encoder.config)
        self.encoder, self.head = classifier.encoder, classifier.head  # nodes are named after these
        self.classify = classifier.forward

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor | None]:
        """Logits [batch, intents] and embedding [batch, d] of token ids and mask, int64 [batch, sequence]."""
        logits, embedding = self.classify(input_ids, attention_mask)
        return {"logits": logits, "embedding": embedding}


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


def export(classifier: IntentClassifier, work: Path, opset: int) -> onnx.ModelProto:
    """The classifier's graph; `work` is a folder for optimum's intermediate files."""
    path = work / "optimum.onnx"
    wrapped = OptimumClassifier(classifier).eval()  # type: ignore[no-untyped-call]
    optimum_export(wrapped, ClassifierOnnxConfig(wrapped.config, task="feature-extraction"), path, opset=opset)
    return onnx.load(path)
