"""The pass `int8`: dynamic quantization of an exported graph by onnxruntime.

Weights are int8, activations are quantized to uint8 as they come, with one scale for all rows of a call. A row's answer
would therefore depend on the rows beside it (https://github.com/microsoft/onnxruntime/issues/10111), so the model says
that it wants one row a call.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.machine import has_int8_dot_products
from workbench.nouns.model import Model
from workbench.options import as_json
from workbench_quantize import Int8Options
from workbench_quantize.weights import constant_products, embedding_lookups, weight_bytes

if TYPE_CHECKING:
    from onnx import GraphProto

QUANTIZED = frozenset(
    {
        "MatMulInteger",
        "DynamicQuantizeLinear",
        "QuantizeLinear",
        "DequantizeLinear",
        "QLinearMatMul",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "QAttention",
        "MatMulNBits",
    }
)
NAMED = 5
logger = logging.getLogger(__name__)


def quantize(model: Model, out: Path, options: Int8Options, context: Context) -> Model:
    """Write the int8 `model.onnx`, the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is not ONNX, is quantized already, or a weight stayed in float32.
    """
    if model.format != "onnx":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass int8 needs onnx",
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
    reduced = options.reduce_range == "yes" or (options.reduce_range == "auto" and not has_int8_dot_products())
    products = len(list(constant_products(graph.graph)))
    before = weight_bytes(graph.graph)
    add_pre_process_metadata(graph)  # onnxruntime fuses this graph when it loads it, not before it is quantized
    out.mkdir(parents=True, exist_ok=True)
    path = out / "model.onnx"
    with root_logger_untouched():
        quantize_dynamic(
            graph,
            path,
            op_types_to_quantize=["MatMul", "Gather"] if options.embeddings else ["MatMul"],
            per_channel=options.per_channel,
            reduce_range=reduced,
            weight_type=QuantType.QInt8,
        )
    graph = onnx.load(path)
    check_complete(graph.graph, products, options, path)
    graph.ClearField("metadata_props")
    path.write_bytes(graph.SerializeToString(deterministic=True))
    ratio = weight_bytes(graph.graph) / before
    logger.info("%d products quantized, weights %.2f of their size", products, ratio)
    shutil.copyfile(model.path / "tokenizer.json", out / "tokenizer.json")
    step = {
        "step": "int8",
        "options": as_json(options),
        "libraries": {"onnxruntime": version("onnxruntime")},
        "reduce_range": reduced,
        "products": products,
        "weights_ratio": round(ratio, 4),
    }
    return dataclasses.replace(model, path=out, rows_per_call=1, history=(*model.history, step)).save()


def check_complete(graph: GraphProto, products: int, options: Int8Options, where: Path) -> None:
    """Raise unless all `products` are integer products now, and all embedding tables int8 if asked for.

    Releases of onnxruntime have skipped nodes and said nothing (https://github.com/microsoft/onnxruntime/issues/24459).

    Raises:
        WorkbenchError: naming the nodes that stayed in float32.
    """
    left = [node.name for node in constant_products(graph)]
    if options.embeddings:
        left += [node.name for node in embedding_lookups(graph)]
    integer = sum(node.op_type == "MatMulInteger" for node in graph.node)
    if left or integer != products:
        names = ", ".join(left[:NAMED]) + (" …" if len(left) > NAMED else "")
        raise WorkbenchError(
            f"{integer} of {products} products with a constant weight were quantized"
            + (f"; still float32: {names}" if left else ""),
            where=where,
            remedy='Export it with exporter = "torch", which ALBERT needs, or with another release of onnxruntime',
        )


@contextlib.contextmanager
def root_logger_untouched() -> Iterator[None]:
    """Keep `logging.info(...)`, as onnxruntime calls it, from giving a root logger without handlers one to stderr."""
    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
