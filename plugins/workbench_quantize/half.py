"""The pass `fp16-weights`: the file holds weights in float16, and they are computed with in float32.

onnxruntime turns each back into float32 once, when it loads the graph, so that a text costs what it did before.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from workbench.api import Context, Model, WorkbenchError, history_step
from workbench.api.quality import ParityLimit, check_parity, real_texts
from workbench_quantize import Fp16Options
from workbench_quantize.checks import open_float_graph
from workbench_quantize.weights import weight_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import GraphProto

LEAST_NUMBERS = 256  # biases and norms are a trifle of the size
LARGEST = float(np.finfo(np.float16).max)
logger = logging.getLogger(__name__)


def halve(model: Model, out: Path, options: Fp16Options, context: Context) -> Model:
    """Write `model.onnx` with weights in float16, the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is not ONNX or is quantized already, no weight fits float16, or a logit differs by
            more than `tolerance`.
    """
    graph = open_float_graph(model, "fp16-weights", context)
    before = weight_bytes(graph.graph)
    halved, kept = store_half(graph.graph)
    if not halved:
        raise WorkbenchError("has no weights that could be kept in float16", where=model.path, remedy="Leave it out")
    model.copy_tokenizer(out)
    (out / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    ratio = weight_bytes(graph.graph) / before
    logger.info("%d weights in float16, %d stay in float32, %.2f of their size", halved, kept, ratio)
    step = history_step("fp16-weights", options, ("onnx",), weights=halved, weights_ratio=round(ratio, 4))
    texts = real_texts(context.dataset, options.parity_rows)
    if texts[1]:
        remedy = "Leave the pass fp16-weights out, or allow a larger tolerance"
        limit = ParityLimit(options.tolerance, "the float16 graph", "those in float32", remedy, embeddings=False)
        step["parity"] = check_parity(model, dataclasses.replace(model, path=out), texts, context, limit)
    else:
        logger.warning("no dataset is at hand: the difference that float16 makes is not measured")
    return model.derive(out, step)


def store_half(graph: GraphProto) -> tuple[int, int]:
    """Put a float16 tensor and a cast in the place of each large weight; how many, and how many had too large numbers.

    Weights are put back into float32 under their own names, so that no other node changes.
    """
    casts, large = [], 0
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < LEAST_NUMBERS:
            continue
        weight = numpy_helper.to_array(tensor)
        if not (np.abs(weight) <= LARGEST).all():
            large += 1
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(weight.astype(np.float16), f"{name}_float16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}_float32", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return len(casts), large
