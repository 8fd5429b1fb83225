"""The exporter `torch`: torch.export through `torch.onnx`, which needs no optimum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import onnx

    from workbench.api.torch import IntentClassifier

OUTPUTS = ("logits", "embedding")


def export(classifier: IntentClassifier, work: Path, opset: int) -> onnx.ModelProto:
    """The classifier's graph."""
    # two tensors: one given twice is taken for one input
    example = {name: torch.ones(2, 8, dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")}
    program = torch.onnx.export(
        classifier,
        kwargs=example,
        dynamo=True,
        opset_version=opset,
        external_data=False,
        verbose=False,
        input_names=list(example),
        output_names=list(OUTPUTS),
        dynamic_shapes=dict.fromkeys(example, axes),
    )
    assert program is not None
    outputs = set(program.model.graph.outputs)
    for node in program.model.graph:
        for value in node.outputs:
            if value.name in OUTPUTS and value not in outputs:  # such as the token embeddings' `embedding`
                value.name = f"{value.name}_inner"
    return program.model_proto
