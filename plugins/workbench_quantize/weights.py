"""Which nodes of an ONNX graph multiply by, or look up in, a constant float weight, and which of them are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from onnx import TensorProto

from workbench.api import UsageProblem
from workbench.api.quality import evenly

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

PRODUCTS = ("MatMul", "Gemm")
SHOWN = 4


def constant_products(graph: GraphProto) -> Iterator[NodeProto]:
    """Products whose right side is a constant in float32; attention multiplies activations by activations."""
    constant = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type in PRODUCTS and node.input[1] in constant:
            yield node
        if node.op_type == "DequantizeLinear":
            continue
        if node.op_type == "Constant" or (node.input and constant.issuperset(filter(None, node.input))):
            constant.update(node.output)


def embedding_lookups(graph: GraphProto) -> Iterator[NodeProto]:
    """Gathers from a float table that the graph holds."""
    tables = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    return (node for node in graph.node if node.op_type == "Gather" and node.input[0] in tables)


def weight_bytes(graph: GraphProto) -> int:
    """Bytes of all initializers."""
    return sum(tensor.ByteSize() for tensor in graph.initializer)


def excluded(graph: GraphProto, patterns: Sequence[str], where: str) -> set[str]:
    """Names of the products and lookups that one of `patterns` matches; `*` stands for any characters.

    Raises:
        UsageProblem: a pattern matches none, with some of the names that there are.
    """
    names = [node.name for node in [*constant_products(graph), *embedding_lookups(graph)]]
    chosen: set[str] = set()
    for wanted in patterns:
        matching = {name for name in names if fnmatchcase(name, wanted)}
        if not matching:
            raise UsageProblem(
                f"{wanted!r} matches no product and no table", where=where, remedy=f"Names: {_some(names)}"
            )
        chosen |= matching
    return chosen


def _some(names: Sequence[str]) -> str:
    """A few of the names, evenly from the whole graph."""
    return ", ".join(evenly(names, SHOWN)) + (" …" if len(names) > SHOWN else "")


def all_names(names: Iterable[str]) -> list[str]:
    """The names, and those that onnxruntime gives to the MatMul that it makes of a Gemm before it quantizes."""
    return sorted(other for name in names for other in (name, f"{name}_MatMul"))
