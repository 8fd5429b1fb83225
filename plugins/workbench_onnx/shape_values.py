"""Values that a graph computes from the shape of its input alone, found by running it at a few shapes.

Texts of a call that all have the same number of tokens need no padding, so the attention mask is all ones. Then mask
arithmetic, position embeddings and the shapes of reshapes depend on the shape [batch, sequence] alone: such values are
called fixed. This module finds them, and computes those that are used by nodes that see the tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import onnxruntime

MASK = "attention_mask"
Array = npt.NDArray[np.generic]
Shape = tuple[int, int]
Samples = Mapping[Shape, Array]


def sample_shapes(longest: int) -> tuple[Shape, ...]:
    """[batch, sequence] of the samples; the last is the longest text."""
    return ((1, 1), (1, 2), (2, 3), (3, 5), (2, longest))


def fixed_values(graph: ir.Graph) -> set[ir.Value]:
    """The values that the shape decides, constants included."""
    fixed = {value for value in graph.inputs if value.name == MASK} | set(graph.initializers.values())
    for node in graph:
        if node.op_type == "Shape" or all(value is None or value in fixed for value in node.inputs):
            fixed.update(node.outputs)
    return fixed


def frontier(graph: ir.Graph, fixed: set[ir.Value]) -> dict[ir.Value, list[ir.Node]]:
    """The computed fixed values that nodes which see the tokens use, and those nodes."""
    users: dict[ir.Value, list[ir.Node]] = {}
    for node in graph:
        if not fixed.issuperset(node.outputs):
            for value in dict.fromkeys(node.inputs):
                if value is not None and value in fixed and value.producer() is not None:
                    users.setdefault(value, []).append(node)
    return users


def sample(model: ir.Model, values: Iterable[ir.Value], shapes: tuple[Shape, ...]) -> dict[ir.Value, Samples]:
    """Each of the fixed `values` at each of `shapes`, as the graph itself computes it."""
    values, proto = list(values), ir.to_proto(model)
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.helper.make_empty_tensor_value_info(str(value.name)) for value in values)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    found: dict[ir.Value, dict[Shape, Array]] = {value: {} for value in values}
    for shape in shapes:
        answers = session.run(None, {name: np.ones(shape, np.int64) for name in names}) if values else []
        for value, answer in zip(values, answers, strict=True):
            found[value][shape] = answer
    return dict(found)


def constant(samples: Samples) -> Array | None:
    """The value if it is the same at every shape."""
    first, *others = samples.values()
    return first if all(np.array_equal(first, other) for other in others) else None


def neutral(samples: Samples) -> Array | None:
    """The one number that fills the value at every shape, as ones fill a mask."""
    numbers = np.unique(np.concatenate([array.ravel() for array in samples.values()]))
    return numbers.reshape(()) if numbers.size == 1 else None


def rows(samples: Samples) -> Array | None:
    """The table [longest, d] whose first rows the value holds for each text, as it does with position embeddings."""
    longest = list(samples.values())[-1]
    if longest.ndim != 3 or longest.dtype != np.float32:
        return None
    table: Array = longest[0]
    same = (np.array_equal(array, np.broadcast_to(table[: array.shape[1]], array.shape)) for array in samples.values())
    return table if all(same) else None


def counts_tokens(samples: Samples) -> bool:
    """Whether the value is the number of tokens of a text."""
    return all(bool((array == tokens).all()) for (_, tokens), array in samples.items())


def target(samples: Samples) -> Array | None:
    """The shape for a Reshape that keeps its input's first one or two dimensions: 0 stands for those."""
    first, *_ = samples.values()
    if first.dtype != np.int64 or first.ndim != 1 or any(array.shape != first.shape for array in samples.values()):
        return None
    found: Array = first.copy()
    for index in range(len(first)):
        numbers = {shape: int(array[index]) for shape, array in samples.items()}
        if len(set(numbers.values())) > 1:
            if index > 1 or any(number != shape[index] for shape, number in numbers.items()):
                return None
            found[index] = 0
    return found
