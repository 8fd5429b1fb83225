"""Products as onnxruntime runs them: one node for an integer product, its scales and the bias that is added to it.

onnxruntime makes such nodes of QuantizeLinear and DequantizeLinear around a MatMul itself, but leaves each bias a node
of its own, which costs a call and a pass over the output: 24 nodes of a six-layer encoder. Weights that lie evenly
about zero have no zero point here: adding nothing to each output took 1.4 % of a text's time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MICROSOFT = "com.microsoft"
PRODUCT = "MatMulIntegerToFloat"


def with_bias(model: ModelProto) -> None:
    """Rewrite in place: DequantizeLinear, MatMul and the Add of a constant vector become one MatMulIntegerToFloat.

    What no node uses any more is taken out.
    """
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    users = Counter(name for node in graph.node for name in node.input)
    users.update(entry.name for entry in graph.output)
    adds = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    vectors = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 1}
    held = {tensor.name: tensor for tensor in graph.initializer}
    made: dict[str, NodeProto] = {}  # by the output of the MatMul: names may be missing
    gone: set[str] = set()
    for node in graph.node:
        scaled = [makers.get(name) for name in node.input] if node.op_type == "MatMul" else []
        if not scaled or not all(back is not None and back.op_type == "DequantizeLinear" for back in scaled):
            continue
        (result,) = node.output
        add = adds.get(result) if users[result] == 1 else None
        bias = next((name for name in add.input if name in vectors), "") if add is not None else ""
        if add is not None and bias:
            gone.update(add.output)
            result = add.output[0]
        (x, x_scale, x_zero), (w, w_scale, w_zero) = (back.input for back in scaled if back is not None)
        even = w_zero in held and not numpy_helper.to_array(held[w_zero]).any()
        inputs = [x, w, x_scale, w_scale, x_zero, "" if even else w_zero, bias]
        made[node.output[0]] = helper.make_node(PRODUCT, trimmed(inputs), [result], node.name, domain=MICROSOFT)
    kept = [made.get(node.output[0], node) for node in graph.node if gone.isdisjoint(node.output)]
    del graph.node[:]
    graph.node.extend(used(kept, {entry.name for entry in graph.output}))
    drop_unused(graph)
    if made and all(entry.domain != MICROSOFT for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))


def drop_unused(graph: GraphProto) -> None:
    """Take out the initializers that are no node's input, and no output."""
    wanted = {name for node in graph.node for name in node.input} | {entry.name for entry in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in wanted]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def trimmed(inputs: list[str]) -> list[str]:
    """Inputs without those at the end that are left out."""
    while inputs and not inputs[-1]:
        inputs = inputs[:-1]
    return inputs


def used(nodes: list[NodeProto], wanted: set[str]) -> list[NodeProto]:
    """The nodes, in their order, without those whose outputs nobody uses."""
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
