"""Query, key and value as one product: where they are joined, where not, and that nothing is held twice."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from workbench_onnx.joined import join_projections
from workbench_onnx.lean import held, tidy

WIDTH = 4


class Graph:
    """Attentions over two inputs of [batch, sequence, 4], put together by hand."""

    def __init__(self):
        sides = [ir.Value(name=name, type=ir.TensorType(ir.DataType.FLOAT)) for name in ("x", "other")]
        for side in sides:
            side.shape = ir.Shape(["batch", "sequence", WIDTH])
        self.random = np.random.default_rng(5)
        self.graph = ir.Graph(sides, [], nodes=[], opset_imports={"": 18, "com.microsoft": 1}, name="g")
        self.x, self.other = sides
        self.count = 0

    def node(self, kind, inputs, **kwargs):
        node = ir.node(kind, inputs, **kwargs)
        self.graph.append(node)
        return node.outputs[0]

    def constant(self, *shape, kind=np.float32):
        self.count += 1
        return held(self.graph, f"c{self.count}", self.random.normal(size=shape).astype(kind))

    def side(self, tokens=None, width=WIDTH, bias=(WIDTH,), turned=False, weight=None):
        pair = [tokens or self.x, weight or self.constant(WIDTH, width)]
        result = self.node("MatMul", pair, name=f"p{len(self.graph)}")
        if not bias:
            return result
        pair = [result, self.constant(*bias)]
        return self.node("Add", pair[::-1] if turned else pair)

    def attention(self, *sides):
        values = self.node("MultiHeadAttention", sides, attributes={"num_heads": 2}, domain="com.microsoft")
        self.graph.outputs.append(values)
        values.type = ir.TensorType(ir.DataType.FLOAT)
        return values

    def model(self):
        return ir.Model(self.graph, ir_version=10)


def answers(model):
    session = onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString(), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(6)
    feed = {entry.name: random.normal(size=(2, 3, WIDTH)).astype(np.float32) for entry in session.get_inputs()}
    return session.run(None, feed)


def kinds(model):
    return [node.op_type for node in model.graph]


JOINED = {
    "with biases": lambda g: [g.side(), g.side(turned=True), g.side()],
    "without biases": lambda g: [g.side(bias=()), g.side(bias=()), g.side(bias=())],
    "values of another width": lambda g: [g.side(), g.side(), g.side(width=6, bias=(6,))],
}
LEFT = {
    "one side without a bias": lambda g: [g.side(), g.side(bias=()), g.side()],
    "two kinds of tokens": lambda g: [g.side(), g.side(g.other), g.side(g.other)],
    "query and key are one value": lambda g: [q := g.side(), q, g.side()],
    "a number as a bias": lambda g: [g.side(bias=(1,)), g.side(bias=(1,)), g.side(bias=(1,))],
    "no product": lambda g: [g.x, g.side(), g.side()],
    "a weight that is no constant": lambda g: [g.side(), g.side(weight=g.node("Relu", [g.constant(4, 4)])), g.side()],
}


@pytest.mark.parametrize("sides", JOINED.values(), ids=JOINED)
def test_three_projections_become_one(sides):
    made = Graph()
    made.attention(*sides(made))
    model = made.model()
    before, weights = answers(model), sum(value.const_value.size for value in made.graph.initializers.values())
    assert join_projections(model) == 1
    tidy(model)
    assert kinds(model).count("MatMul") == kinds(model).count("Split") == 1
    assert kinds(model).count("Add") <= 1
    assert answers(model)[0] == pytest.approx(before[0], abs=1e-6)
    held_now = sum(value.const_value.size for value in made.graph.initializers.values())
    assert held_now == weights + 3  # the three widths; of the old ones nothing is left


@pytest.mark.parametrize("sides", LEFT.values(), ids=LEFT)
def test_what_is_not_alike_is_left_alone(sides):
    made = Graph()
    made.attention(*sides(made))
    model = made.model()
    before = kinds(model)
    assert join_projections(model) == 0
    assert kinds(model) == before


def test_a_projection_that_is_an_answer_too_is_left_alone():
    made = Graph()
    query = made.side()
    made.graph.outputs.append(query)
    made.attention(query, made.side(), made.side())
    assert join_projections(made.model()) == 0


def test_layers_that_share_weights_still_do():
    """As ALBERT's do."""
    made = Graph()
    weights = [made.constant(WIDTH, WIDTH) for _ in range(3)]
    for tokens in (made.x, made.other):
        made.attention(*(made.side(tokens, bias=(), weight=weight) for weight in weights))
    model = made.model()
    before = answers(model)
    assert join_projections(model) == 2
    tidy(model)
    shapes = [tuple(value.shape) for value in made.graph.initializers.values()]
    assert shapes.count((WIDTH, 3 * WIDTH)) == 1
    for one, two in zip(answers(model), before, strict=True):
        assert one == pytest.approx(two, abs=1e-6)


def test_the_product_has_the_names_of_the_three():
    made = Graph()
    names = [made.side().producer().inputs[0].producer().name for _ in range(3)]
    made.attention(*(node.outputs[0] for node in made.graph if node.op_type == "Add"))
    join_projections(made.model())
    assert "+".join(names) in [node.name for node in made.graph if node.op_type == "MatMul"]
