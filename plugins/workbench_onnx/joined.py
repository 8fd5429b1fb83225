"""Query, key and value of an attention come from one product, which is cut in three.

Each call of a product costs beside its multiplications, and a small product fills a core less well than a large one. A
static int8 encoder of width 384, asked one text of 8 to 24 tokens a call, takes 1 % less time for it. No number changes
in int8 with a scale for each output, as the pass int8 has by default; with one scale for a whole weight, query, key and
value share it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from workbench_onnx.fusions import MICROSOFT
from workbench_onnx.lean import array, held

SIDES = 3  # query, key and value are the first inputs of MultiHeadAttention
Joined = dict[tuple[ir.Value, ...], ir.Value]  # by what was joined: layers that share weights go on to


@dataclass(frozen=True)
class Projection:
    """A product of tokens [batch, sequence, d] with a constant matrix, and a constant vector that may be added.

    Args:
        product: the node that multiplies.
        weight: [d, width].
        bias: [width].
        width: of one token's result.
    """

    product: ir.Node
    weight: ir.Value
    bias: ir.Value | None
    width: int


def join_projections(model: ir.Model) -> int:
    """Rewrite `model` in place wherever the three sides of an attention are projections of the same tokens.

    Returns:
        How many attentions have one product now.
    """
    known: Joined = {}
    count = 0
    for node in [each for each in model.graph if (each.domain, each.op_type) == (MICROSOFT, "MultiHeadAttention")]:
        sides = [side for value in node.inputs[:SIDES] if (side := projection(value)) is not None]
        if len(sides) == SIDES and len({(s.product.inputs[0], s.bias is None, s.weight.dtype) for s in sides}) == 1:
            join(model.graph, node, sides, known)
            count += 1
    return count


def projection(value: ir.Value | None) -> Projection | None:
    """What makes `value`, if that is a projection that nobody else uses."""
    node, bias = maker(value), None
    if node is not None and node.op_type == "Add":
        result, bias = node.inputs if array(node.inputs[0]) is None else reversed(node.inputs)
        node = maker(result)
    if node is None or node.op_type != "MatMul":
        return None
    weight = node.inputs[1]
    matrix, vector = array(weight), array(bias)
    if weight is None or matrix is None or matrix.ndim != 2:
        return None
    if bias is not None and (vector is None or vector.shape != matrix.shape[1:] or vector.dtype != matrix.dtype):
        return None
    return Projection(node, weight, bias, matrix.shape[1])


def maker(value: ir.Value | None) -> ir.Node | None:
    """The node that makes a value, if it is used once and no output of the graph."""
    if value is None or len(value.uses()) != 1 or value.is_graph_output():
        return None
    return value.producer()


def join(graph: ir.Graph, attention: ir.Node, sides: list[Projection], known: Joined) -> None:
    """Let an attention read the parts of one product, which has the names of all three."""
    name = str(attention.outputs[0].name)
    weight = together(graph, f"{name}_weight", [side.weight for side in sides], known)
    names = [side.product.name for side in sides]
    product = ir.node("MatMul", [sides[0].product.inputs[0], weight], name="+".join(filter(None, names)) or None)
    made = [product]
    biases = [side.bias for side in sides if side.bias is not None]
    if biases:
        made.append(ir.node("Add", [product.outputs[0], together(graph, f"{name}_bias", biases, known)]))
    widths = np.array([side.width for side in sides], np.int64)
    parts = [made[-1].outputs[0], held(graph, f"{name}_widths", widths)]
    cut = ir.node("Split", parts, attributes={"axis": -1}, num_outputs=SIDES)
    graph.insert_before(attention, [*made, cut])
    for index, part in enumerate(cut.outputs):
        attention.replace_input_with(index, part)


def together(graph: ir.Graph, name: str, values: list[ir.Value], known: Joined) -> ir.Value:
    """An initializer of the constants side by side."""
    key = tuple(values)
    if key not in known:
        arrays = [numbers for value in values if (numbers := array(value)) is not None]
        known[key] = held(graph, name, np.concatenate(arrays, axis=-1))
    return known[key]
