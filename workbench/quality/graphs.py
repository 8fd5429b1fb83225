"""How many nodes a graph has: each runs once a call, so that fewer are faster."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

QUANTIZED = ("integer", "quantize", "qlinear", "qattention", "qgemm", "matmulnbits")  # parts of such operators' names


def node_counts(path: Path) -> dict[str, int]:
    """Of a graph's file: `all` nodes, those that are onnxruntime's own (`fused`), and those of int8 (`quantized`).

    The last two overlap: a product of integers that gives floats is both. It is {} where the package onnx is missing,
    as where bundles are served but not made.
    """
    if find_spec("onnx") is None:
        return {}
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    return {
        "all": len(graph.node),
        "fused": sum(node.domain == "com.microsoft" for node in graph.node),
        "quantized": sum(any(part in node.op_type.lower() for part in QUANTIZED) for node in graph.node),
    }
