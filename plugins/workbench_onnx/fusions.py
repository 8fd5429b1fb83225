"""Many small nodes become one: attention, GELU and the normalisation to length 1, as patterns of onnxscript's rewriter.

The sum before a LayerNormalization is left as it is. onnxruntime has a node for both, SkipLayerNormalization, whose CPU
kernel takes several times as long as the two (34 us against 5 for 17 tokens of 384); so embeddings and biases
are not merged into EmbedLayerNormalization and BiasGelu.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import onnx_ir as ir
from onnxscript.rewriter import pattern
from onnxscript.rewriter.ort_fusions.erfgelu import fuse_erfgelu
from onnxscript.rewriter.ort_fusions.gelu import fuse_gelu

from workbench_onnx.simplify import number

MICROSOFT = "com.microsoft"
TINY = 1e-6
# what is left of each where it was not fused; an encoder needs these nodes for nothing else
UNFUSED = {
    "attention": ("Softmax",),
    "gelu": ("Erf", "Tanh"),
    "length": ("ReduceL2",),
}


def fuse_nodes(model: ir.Model) -> dict[str, int]:
    """Rewrite `model` in place.

    Args:
        model: a graph that `simplify_graph` rewrote.

    Returns:
        How often each fusion was made.
    """
    return {
        "attention": ATTENTION.apply_to_model(model),
        "gelu": fuse_erfgelu(model) + fuse_gelu(model) + NEW_GELU.apply_to_model(model),
        "length": LENGTH.apply_to_model(model),
    }


def left_over(model: ir.Model) -> dict[str, list[str]]:
    """The nodes that a fusion should have taken, by fusion."""
    left = {
        name: [str(node.name or node.outputs[0].name) for node in model.graph if node.op_type in kinds]
        for name, kinds in UNFUSED.items()
    }
    return {name: nodes for name, nodes in left.items() if nodes}


def scaled(op: Any, value: Any, scale: Any, tag: str) -> Any:
    """The pattern of a value that may be multiplied or divided by a number."""
    return pattern.OrValue(
        [op.Mul(value, scale), op.Div(value, scale), value], tag_var=tag, tag_values=["Mul", "Div", "None"]
    )


class Attention(pattern.RewriteRuleClassBase):
    """Scaled dot-product attention of all heads, from the projected query, key and value to the joined heads."""

    def pattern(
        self,
        op: Any,
        query: Any,
        key: Any,
        value: Any,
        query_shape: Any,
        key_shape: Any,
        value_shape: Any,
        joined: Any,
        query_scale: Any,
        score_scale: Any,
    ) -> Any:
        """As BERT, RoBERTa (scores are scaled) and DistilBERT (the query is) compute it."""
        queries = scaled(
            op, op.Transpose(op.Reshape(query, query_shape), perm=[0, 2, 1, 3]), query_scale, "query_scaling"
        )
        keys = op.Reshape(key, key_shape)
        turned = pattern.OrValue(
            [
                op.Transpose(keys, perm=[0, 2, 3, 1]),
                op.Transpose(op.Transpose(keys, perm=[0, 2, 1, 3]), perm=[0, 1, 3, 2]),
            ]
        )
        values = op.Transpose(op.Reshape(value, value_shape), perm=[0, 2, 1, 3])
        scores = scaled(op, op.MatMul(queries, turned), score_scale, "score_scaling")
        attended = op.MatMul(op.Softmax(scores, axis=-1), values)
        return op.Reshape(op.Transpose(attended, perm=[0, 2, 1, 3]), joined)

    def check(self, *_: Any, **bound: Any) -> Any:
        """Query, key and value have the same number of heads, and the scales are numbers."""
        result = pattern.MatchResult()
        heads = {_heads(bound[f"{side}_shape"]) for side in ("query", "key", "value")}
        if len(heads) != 1 or None in heads:
            return result.fail("the number of heads is not known, or not one")
        if None in (_factor(bound, "query"), _factor(bound, "score")):
            return result.fail("a scale is no number")
        return result

    def rewrite(self, op: Any, query: Any, key: Any, value: Any, query_shape: Any, **bound: Any) -> Any:
        """One node on three matrices [batch, sequence, heads * size]."""
        scale = (_factor(bound, "query") or 1.0) * (_factor(bound, "score") or 1.0)
        return op.MultiHeadAttention(query, key, value, num_heads=_heads(query_shape), scale=scale, _domain=MICROSOFT)


def _heads(shape: ir.Value) -> int | None:
    """The third number of a shape [batch, sequence, heads, size]."""
    tensor = ir.convenience.get_const_tensor(shape)
    return int(tensor.numpy()[2]) if tensor is not None and tensor.numpy().shape == (4,) else None


def _factor(bound: Mapping[str, Any], of: str) -> float | None:
    kind, scale = bound.get(f"{of}_scaling", "None"), number(bound.get(f"{of}_scale"))
    if kind == "None":
        return 1.0
    return None if not scale else scale if kind == "Mul" else 1.0 / scale


class Length(pattern.RewriteRuleClassBase):
    """A vector divided by its length, or by a tiny number if that is more."""

    def pattern(self, op: Any, vector: Any, axes: Any, least: Any) -> Any:
        """As `torch.nn.functional.normalize` is exported."""
        length = op.ReduceL2(vector, axes, keepdims=1)
        return op.Div(vector, pattern.OrValue([op.Clip(length, least), op.Clip(length, least, None)]))

    def check(self, *_: Any, **bound: Any) -> Any:
        """The vectors lie along the last axis."""
        result, tiny = pattern.MatchResult(), number(bound["least"])
        if number(bound["axes"]) != -1 or tiny is None or not 0 < tiny <= TINY:
            return result.fail("another normalisation")
        return result

    def rewrite(self, op: Any, vector: Any, **_: Any) -> Any:
        """A vector of length 0 stays as it is."""
        return op.LpNormalization(vector, axis=-1, p=2)


def _new_gelu(op: Any, x: Any) -> Any:
    """GELU's approximation by a hyperbolic tangent, in the order in which `gelu_new` of transformers multiplies."""
    cubic = op.Add(x, op.Mul(op.Pow(x, 3.0), 0.044715))
    return op.Mul(op.Mul(x, 0.5), op.Add(op.Tanh(op.Mul(cubic, math.sqrt(2.0 / math.pi))), 1.0))


def _fast_gelu(op: Any, x: Any) -> Any:
    return op.FastGelu(x, _domain=MICROSOFT)


ATTENTION = pattern.RewriteRuleSet([Attention.rule()])  # type: ignore[no-untyped-call]
LENGTH = pattern.RewriteRuleSet([Length.rule()])  # type: ignore[no-untyped-call]
NEW_GELU = pattern.RewriteRuleSet([pattern.RewriteRule(_new_gelu, _fast_gelu)], commute=True)
