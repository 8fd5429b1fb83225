"""Remove the nodes of a graph that need not run per text: those whose values the shape of the input decides.

Fixed values become constants, mask arithmetic without effect is removed, position and token type embeddings become one
table, and the mean over a mask becomes a mean.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnx_ir.passes.common as common

from workbench_onnx.shape_values import (
    MASK,
    Array,
    Samples,
    constant,
    counts_tokens,
    fixed_values,
    frontier,
    neutral,
    rows,
    sample,
    sample_shapes,
    target,
)

ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Where"}
NOTHING = {"Add": 0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}  # the right side that changes nothing


def simplify_graph(model: ir.Model, longest: int) -> None:
    """Rewrite `model` in place for calls whose texts have the same number of tokens, at most `longest`."""
    graph = model.graph
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.ShapeInferencePass()(model)
    gather_fixed_terms(graph)
    users = frontier(graph, fixed_values(graph))
    for value, seen in sample(model, users, sample_shapes(longest)).items():
        simplify(graph, value, users[value], seen)
    drop_nothing(graph)
    tidy(model)


def gather_fixed_terms(graph: ir.Graph) -> None:
    """(x + a) + b becomes x + (a + b) where the shape decides a and b."""
    fixed = fixed_values(graph)
    for node in list(graph):
        if node.op_type != "Add" or node.outputs[0] in fixed:
            continue
        inner, outer = split(node, fixed)
        if inner is None or (before := inner.producer()) is None or before.op_type != "Add" or len(inner.uses()) > 1:
            continue
        tokens, term = split(before, fixed)
        if tokens is None:
            continue
        total = ir.node("Add", [term, outer])
        graph.insert_before(node, total)
        fixed.add(total.outputs[0])
        node.replace_input_with(0, tokens)
        node.replace_input_with(1, total.outputs[0])


def split(node: ir.Node, fixed: set[ir.Value]) -> tuple[ir.Value | None, ir.Value | None]:
    """The side of a sum that sees the tokens and the one that does not; None, None where there are not both."""
    one, two = node.inputs
    if (one in fixed) == (two in fixed):
        return None, None
    return (two, one) if one in fixed else (one, two)


def simplify(graph: ir.Graph, value: ir.Value, users: list[ir.Node], samples: Samples) -> None:
    """Let the `users` of a fixed value use something simpler that is the same, if there is such a thing."""
    kinds = {user.op_type for user in users}
    array = constant(samples)
    if array is None and kinds <= ELEMENTWISE:
        array = neutral(samples)
    if array is not None:
        put(users, value, held(graph, value, array))
    elif kinds <= ELEMENTWISE and (table := rows(samples)) is not None:
        same = bool((table == table[0]).all())
        kept = held(graph, value, table[0] if same else table)
        put(users, value, kept if same else first_rows(graph, kept, users[0]))
    elif kinds == {"Reshape"} and (array := target(samples)) is not None:
        put(users, value, held(graph, value, array))
        for user in users:
            user.attributes["allowzero"] = ir.AttrInt64("allowzero", 0)
    elif kinds == {"Div"} and counts_tokens(samples):
        for user in users:
            mean(graph, user, value)


def put(users: list[ir.Node], value: ir.Value, other: ir.Value) -> None:
    """Let the `users` of `value` use the `other`."""
    for user in users:
        for index, used in enumerate(user.inputs):
            if used is value:
                user.replace_input_with(index, other)


def held(graph: ir.Graph, value: ir.Value, array: Array) -> ir.Value:
    """A new initializer, named after the value that it replaces."""
    kept = ir.Value(name=f"{value.name}_fixed", const_value=ir.tensor(array, name=f"{value.name}_fixed"))
    kept.shape, kept.dtype = ir.Shape(array.shape), ir.DataType.from_numpy(array.dtype)
    graph.register_initializer(kept)
    return kept


def first_rows(graph: ir.Graph, table: ir.Value, user: ir.Node) -> ir.Value:
    """The rows of a table that a text needs: as many as it has tokens."""
    tokens = next(value for value in graph.inputs if value.name != MASK)
    length = ir.node("Shape", [tokens], attributes={"start": 1, "end": 2})
    begin = held(graph, table, np.zeros(1, np.int64))
    cut = ir.node("Slice", [table, begin, length.outputs[0]])
    graph.insert_before(user, [length, cut])
    return cut.outputs[0]


def mean(graph: ir.Graph, division: ir.Node, count: ir.Value) -> None:
    """Let a sum over the tokens, divided by their number, be a mean."""
    total = division.inputs[0]
    summing = None if total is None else total.producer()
    if summing is None or summing.op_type != "ReduceSum" or division.inputs[1] is not count:
        return
    averaging = ir.node("ReduceMean", list(summing.inputs), attributes=dict(summing.attributes))
    ir.convenience.replace_nodes_and_values(
        graph, division, [division], [averaging], division.outputs, averaging.outputs
    )


def drop_nothing(graph: ir.Graph) -> None:
    """Take out additions of 0, products with 1, conditions that never hold, and casts of float to float."""
    for node in list(graph):
        kept = what_stays(node)
        if kept is not None and not node.outputs[0].is_graph_output():
            ir.convenience.replace_all_uses_with(node.outputs[0], kept)


def what_stays(node: ir.Node) -> ir.Value | None:
    """The input that a node passes on unchanged."""
    if node.op_type == "Where" and (condition := number(node.inputs[0])) is not None:
        return node.inputs[1 if condition else 2]
    if node.op_type in NOTHING:
        one, two = node.inputs
        if number(two) == NOTHING[node.op_type]:
            return one
        if node.op_type in ("Add", "Mul") and number(one) == NOTHING[node.op_type]:
            return two
    if node.op_type == "Cast" and node.attributes.get_int("to") == ir.DataType.FLOAT:
        given = node.inputs[0]
        return given if given is not None and given.dtype == ir.DataType.FLOAT else None
    return None


def number(value: ir.Value | None) -> float | None:
    """A constant's only number."""
    array = None if value is None or (tensor := ir.convenience.get_const_tensor(value)) is None else tensor.numpy()
    return float(array.ravel()[0]) if array is not None and array.size == 1 else None


def tidy(model: ir.Model) -> None:
    """Take out what nobody uses, inputs too, and hold equal constants once."""
    common.RemoveUnusedNodesPass()(model)
    common.DeduplicateInitializersPass()(model)
    for value in list(model.graph.inputs):
        if value.name == MASK and not value.uses():
            model.graph.inputs.remove(value)
