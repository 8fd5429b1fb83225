"""Which nodes of an ONNX graph multiply by, or look up in, a constant float weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onnx import TensorProto

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

PRODUCTS = ("MatMul", "Gemm")


def constant_products(graph: GraphProto) -> Iterator[NodeProto]:
    """Products whose right side is constant; attention multiplies activations by activations, which are none."""
    constant = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in PRODUCTS and node.input[1] in constant:
            yield node
        if node.op_type == "Constant" or (node.input and constant.issuperset(filter(None, node.input))):
            constant.update(node.output)


def embedding_lookups(graph: GraphProto) -> Iterator[NodeProto]:
    """Gathers from a float table that the graph holds."""
    tables = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    return (node for node in graph.node if node.op_type == "Gather" and node.input[0] in tables)


def weight_bytes(graph: GraphProto) -> int:
    """Bytes of all initializers."""
    return sum(tensor.ByteSize() for tensor in graph.initializer)
