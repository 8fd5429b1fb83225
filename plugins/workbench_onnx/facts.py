"""What the runtime `onnx` tells of a model and of this CPU, without opening a session."""

from __future__ import annotations

from importlib.util import find_spec

from workbench.api import Bundle, Model
from workbench.api.machine import in_words, sums_int8_exactly
from workbench_onnx import GRAPH

# parts of the names of int8 operators
QUANTIZED = ("integer", "quantize", "qlinear", "qattention", "qgemm", "matmulnbits")
SATURATES = "this CPU sums int8 products with saturation (it lacks VNNI)"
UNKNOWN = "this system does not tell whether its CPU sums int8 products without saturation"


def node_counts(model: Model) -> dict[str, float]:
    """Count the graph's nodes: each runs once per call, so that fewer are faster.

    Returns:
        `nodes`, `fused_nodes` (onnxruntime's own operators) and `int8_nodes`; a node may be of the last two. {} where
        the package onnx is missing, as where bundles are served but not made.
    """
    if find_spec("onnx") is None:
        return {}
    import onnx

    graph = onnx.load(model.path / GRAPH, load_external_data=False).graph
    return {
        "nodes": len(graph.node),
        "fused_nodes": sum(node.domain == "com.microsoft" for node in graph.node),
        "int8_nodes": sum(any(part in node.op_type.lower() for part in QUANTIZED) for node in graph.node),
    }


def cpu_warning(bundle: Bundle) -> str | None:
    """Why this CPU may answer otherwise than the one on which the bundle was measured: 8-bit weights saturate."""
    full_range = any(step.get("reduce_range") is False for step in bundle.model.history)
    if not full_range or (exact := sums_int8_exactly()):
        return None
    return (
        f"holds 8-bit weights, measured on {in_words(bundle.machine)}, and {SATURATES if exact is False else UNKNOWN}: "
        "its answers can differ from those that were measured. Compress again on this machine, or anywhere with "
        'reduce_range = "yes"; workbench evaluate, here, shows what the difference costs'
    )


def cpu_advice() -> str | None:
    """What int8 models may expect of this CPU."""
    if (exact := sums_int8_exactly()) is True:
        return None
    reason = UNKNOWN if exact is None else SATURATES
    return f"{reason}: int8 models take 7-bit weights here, and are hardly faster"
