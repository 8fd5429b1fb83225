"""Static quantization: an activation's scale is a constant, found on real texts, and so the same for every text.

onnxruntime writes QuantizeLinear and DequantizeLinear around each product (QDQ), of which `with_bias` makes integer
products. The head stays in float32: it sees the mean over the tokens, which is summed in another order when
texts share a call.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from workbench_quantize.products import with_bias

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

INTEGER = frozenset({"MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QLinearMatMul"})


def add_scales(
    graph: ModelProto,
    path: Path,
    rows: CalibrationDataReader,
    products: Sequence[str],
    per_channel: bool,
    bits7: bool,
) -> None:
    """Write the graph with quantized products to `path`.

    Args:
        graph: in float32, or with quantized tables.
        path: where to.
        rows: what the ranges of activations are taken from; the widest range counts.
        products: names of the nodes to quantize.
        per_channel: a scale for each output.
        bits7: weights of 7 bits.
    """
    quantize_static(
        graph,
        path,
        rows,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"],
        per_channel=per_channel,
        reduce_range=bits7,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_quantize=list(products),
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"]},
    )
    made = onnx.load(path)
    keep_residuals(made.graph)
    with_bias(made)
    path.write_bytes(made.SerializeToString())


def keep_residuals(graph: GraphProto) -> None:
    """Let only products read a quantized activation; sums and attention read what it was before."""
    makers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type != "MatMul":
            for index, name in enumerate(node.input):
                if (back := makers.get(name)) is not None and back.op_type == "DequantizeLinear":
                    there = makers.get(back.input[0])
                    if there is not None and there.op_type == "QuantizeLinear":
                        node.input[index] = there.input[0]


def integer_products(path: Path) -> int:
    """How many integer products onnxruntime runs, once it has optimized the graph, which it does with its defaults."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as work:
        served = Path(work) / "served.onnx"
        options.optimized_model_filepath = str(served)
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        counts = Counter(node.op_type for node in onnx.load(served).graph.node)
    return sum(counts[kind] for kind in INTEGER)
