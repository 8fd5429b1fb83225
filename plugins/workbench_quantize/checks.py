"""What must hold before a graph is quantized, and after: nothing is quantized twice, and nothing is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from workbench.api import Context, Model, WorkbenchError
from workbench_quantize.static import INTEGER, integer_products
from workbench_quantize.weights import all_names, constant_products, embedding_lookups

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

QUANTIZED = INTEGER | {
    "DynamicQuantizeLinear",
    "QuantizeLinear",
    "DequantizeLinear",
    "QAttention",
    "MatMulNBits",
}
SHOWN_NODES = 5
ANOTHER = 'Export it with exporter = "torch", which ALBERT needs, or with another release of onnxruntime'


def open_float_graph(model: Model, name: str, context: Context) -> ModelProto:
    """The model's graph, for the pass `name`.

    Raises:
        WorkbenchError: the model is not ONNX, cannot be opened, or is quantized or halved already.
    """
    if model.format != "onnx":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass {name} needs onnx",
            where=model.path,
            remedy='Put an export before it: [[compress]] use = "onnx"',
        )
    context.host.open_predictor(model)  # whatever is wrong with the file is said there
    graph = onnx.load(model.path / "model.onnx", load_external_data=False)
    if done := sorted(QUANTIZED & {node.op_type for node in graph.graph.node}):
        raise WorkbenchError(
            f"is quantized already ({', '.join(done)})",
            where=model.path,
            remedy="Leave out one of the passes that quantize",
        )
    if any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in graph.graph.initializer):
        raise WorkbenchError(
            "has weights in float16", where=model.path, remedy="Leave out the pass fp16-weights, or this one"
        )
    return graph


def check_complete(graph: GraphProto, products: Sequence[str], wanted: Sequence[str], where: Path) -> None:
    """Raise unless all `products` are quantized, and every other of the nodes `wanted`.

    Releases of onnxruntime have skipped nodes and said nothing (https://github.com/microsoft/onnxruntime/issues/24459).

    Raises:
        WorkbenchError: naming the nodes that stayed in float32.
    """
    float32 = {node.name for node in [*constant_products(graph), *embedding_lookups(graph)]}
    left = [name for name in wanted if float32.intersection(all_names([name]))]
    integer = sum(node.op_type in INTEGER for node in graph.node)
    if left or integer != len(products):
        names = ", ".join(left[:SHOWN_NODES]) + (" …" if len(left) > SHOWN_NODES else "")
        raise WorkbenchError(
            f"{integer} of {len(products)} products with a constant weight were quantized"
            + (f"; still float32: {names}" if left else ""),
            where=where,
            remedy=ANOTHER,
        )


def check_served(path: Path, products: int) -> None:
    """Raise unless onnxruntime runs `products` integer products when it serves the graph.

    Raises:
        WorkbenchError: with the number that it runs.
    """
    if (served := integer_products(path)) != products:
        raise WorkbenchError(
            f"onnxruntime runs {served} integer products where {products} were quantized", where=path, remedy=ANOTHER
        )
