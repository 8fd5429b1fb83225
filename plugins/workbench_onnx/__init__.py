"""ONNX: passes that export a trained model and fuse its graph, and the predictor that serves one without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.api import TOKENIZER_FILE, Pass, Runtime, hookimpl, option

FORMAT = "onnx"
GRAPH = "model.onnx"


@dataclass(frozen=True)
class OnnxOptions:
    """Options of the pass `onnx`."""

    exporter: Literal["optimum", "torch"] = option("optimum", "what writes the graph: optimum-onnx, or torch.export")
    opset: int = option(18, "version of the ONNX operators", ge=18, le=23)
    parity_rows: int = option(256, "rows on which the graph must answer as torch does", ge=1)
    tolerance: float = option(1e-4, "largest difference to torch, of a logit or an embedding's component", ge=0.0)


@dataclass(frozen=True)
class FuseOptions:
    """Options of the pass `fuse`."""

    parity_rows: int = option(256, "rows on which the fused graph must answer as the one before", ge=1)
    tolerance: float = option(1e-4, "largest difference, of a logit or an embedding's component", ge=0.0)


@hookimpl
def passes() -> Mapping[str, Pass]:
    """`onnx`: torch -> onnx; `fuse`: onnx -> onnx."""
    return {
        "onnx": Pass(
            run="workbench_onnx.export:export_onnx",
            options=OnnxOptions,
            extra="export",
            role="export",
            consumes="torch",
            produces="onnx",
            summary="encoder, pooling and head as one ONNX graph, checked against torch on real rows",
            libraries=("torch", "transformers", "optimum-onnx", "onnx", "onnxscript", "onnxruntime"),
            calls=("runtimes",),
        ),
        "fuse": Pass(
            run="workbench_onnx.fuse:fuse",
            options=FuseOptions,
            extra="export",
            role="fuse",
            consumes="onnx",
            produces="onnx",
            summary="attention and GELU as one node each, and nothing that need not run once a text",
            libraries=("onnx", "onnx-ir", "onnxscript", "onnxruntime"),
            calls=("runtimes",),
        ),
    }


@hookimpl
def runtimes() -> Mapping[str, Runtime]:
    """`onnx`: onnxruntime and tokenizers alone."""
    return {
        FORMAT: Runtime(
            run="workbench_onnx.predictor:open_model",
            summary="ONNX graphs on CPU with onnxruntime",
            files=(GRAPH, TOKENIZER_FILE),
            facts="workbench_onnx.facts:node_counts",
            titles={
                "nodes": ("nodes of the graph", "计算图节点数"),
                "fused_nodes": ("fused nodes", "融合节点数"),
                "int8_nodes": ("int8 nodes (some may be fused, too)", "int8 节点数（部分可能同时是融合节点）"),
            },
            cpu_warning="workbench_onnx.facts:cpu_warning",
            cpu_advice="workbench_onnx.facts:cpu_advice",
            libraries=("onnxruntime", "tokenizers", "numpy"),
        )
    }
