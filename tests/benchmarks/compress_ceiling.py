"""What share of a CPU's int8 matrix products a model reaches, on one thread of onnxruntime."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.nouns.bundle import Bundle

LARGE = (256, 1024, 1024)  # rows, in and out of the large product
PLAIN = ("DequantizeLinear", "Transpose", "Cast", "Identity", "Reshape")  # what stands between a weight and its product


def shares(ours: Mapping[str, Bundle], texts: Sequence[str], speeds: Mapping[str, list[float]]) -> dict[str, Any]:
    """Multiplications and additions a second in matrix products with weights, as a share of a large integer product.

    Args:
        ours: bundles by name.
        texts: those that were asked.
        speeds: texts a second, by name and round; the median counts.
    """
    most = ceiling()
    found: dict[str, Any] = {"ceiling, 10^9 operations a second": most / 1e9}
    for name, bundle in ours.items():
        tokens = sum(map(len, bundle.model.encode(texts))) / len(texts)
        operations = 2 * weights(bundle.path / "model.onnx") * tokens
        found[name] = operations * statistics.median(speeds[name]) / most
    return found


def weights(path: Path) -> int:
    """Weights that every token is multiplied by: constant operands of products inside the layers.

    They are found behind what dequantizes, turns or casts them.
    """
    import onnx

    graph = onnx.load(path).graph
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer if len(tensor.dims) == 2}
    origin = {node.output[0]: node.input[0] for node in graph.node if node.op_type in PLAIN}
    used = set()
    for node in graph.node:
        if "MatMul" in node.op_type or node.op_type in ("Attention", "QAttention"):
            for name in node.input:
                while name in origin:
                    name = origin[name]
                used |= {name} & sizes.keys()
    return sum(sizes[name] for name in used)


def ceiling() -> float:
    """Operations a second of a large uint8 × int8 product on one thread, the median of 50."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rows, inner, outer = LARGE
    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.integers(-127, 127, (inner, outer), dtype=np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "ceiling",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [rows, outer])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed, seconds = {"x": rng.integers(0, 255, (rows, inner), dtype=np.uint8)}, []
    for _ in range(50):
        begun = time.perf_counter()
        session.run(None, feed)
        seconds.append(time.perf_counter() - begun)
    return 2 * rows * inner * outer / statistics.median(seconds)
