"""The pass `int8`: onnxruntime quantizes an exported or fused graph, and it is checked that it did.

Weights are int8, activations uint8. In the mode `dynamic` an activation has one scale for all rows of a call, so that a
row's answer would depend on the rows beside it (https://github.com/microsoft/onnxruntime/issues/10111): such a model
wants one row a call. In the mode `static` scales are constants; whether rows may share a call is then measured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from workbench.api import Context, Model, WorkbenchError, file_digests, history_step
from workbench.api.machine import cpu_features, sums_int8_exactly
from workbench.api.quality import batch_invariance, check_parity, real_texts
from workbench_quantize import Int8Options
from workbench_quantize.calibration import CalibrationReader, calibration_texts
from workbench_quantize.checks import check_complete, check_served, open_float_graph
from workbench_quantize.static import add_scales
from workbench_quantize.weights import all_names, constant_products, embedding_lookups, excluded, weight_bytes

if TYPE_CHECKING:
    from collections.abc import Set

    from onnx import ModelProto

MASK = "attention_mask"
PARITY_ROWS = 256
logger = logging.getLogger(__name__)


def quantize(model: Model, out: Path, options: Int8Options, context: Context) -> Model:
    """Write the int8 `model.onnx`, the tokenizer and `workbench.json` into `out`.

    Raises:
        UsageProblem: a pattern of `exclude` matches no node.
        WorkbenchError: the model is not ONNX, is quantized already, there are no texts for static scales, or a weight
            stayed in float32.
    """
    graph = open_float_graph(model, "int8", context)
    texts = calibration_texts(model, options, context) if options.mode == "static" else []
    apart = excluded(graph.graph, options.exclude, "int8.exclude")
    reduced = options.reduce_range == "yes" or (options.reduce_range == "auto" and not sums_int8_exactly())
    products = [node.name for node in constant_products(graph.graph) if node.name not in apart]
    if options.mode == "static":
        apart |= {node.name for node in constant_products(graph.graph) if node.op_type == "Gemm"}
        products = [name for name in products if name not in apart]
    tables = [node.name for node in embedding_lookups(graph.graph)] if options.embeddings else []
    wanted = products + [name for name in tables if name not in apart]
    if not products:
        raise WorkbenchError(
            "has no product left to quantize", where=model.path, remedy="Exclude less, or leave the pass int8 out"
        )
    before, inputs = weight_bytes(graph.graph), [entry.name for entry in graph.graph.input]
    model.copy_tokenizer(out)
    path = out / "model.onnx"
    with root_logger_untouched():
        if options.mode == "dynamic":
            write_dynamic(graph, path, options, apart, reduced, ("MatMul", "Gather") if tables else ("MatMul",))
        else:
            if tables:
                write_dynamic(graph, path, options, apart, reduced, ("Gather",))
                graph = onnx.load(path)
            add_pre_process_metadata(graph)
            rows = CalibrationReader(model, texts, inputs)
            add_scales(graph, path, rows, products, options.per_channel, reduced)
    made = onnx.load(path)
    check_complete(made.graph, products, wanted, path)
    made.ClearField("metadata_props")
    path.write_bytes(made.SerializeToString(deterministic=True))
    check_served(path, len(products))
    ratio = weight_bytes(made.graph) / before
    logger.info("%d products quantized, weights %.2f of their size", len(products), ratio)
    step = history_step(
        "int8",
        options,
        ("onnxruntime",),
        reduce_range=reduced,
        cpu_features=cpu_features(),
        products=len(products),
        excluded=sorted(apart),
        weights_ratio=round(ratio, 4),
    )
    quantized = dataclasses.replace(model, path=out, rows_per_call=1)
    if options.mode == "static":
        step |= file_digests(options)
        free = MASK not in inputs and shares_calls(quantized, texts, context, step)
        quantized = dataclasses.replace(quantized, rows_per_call=model.rows_per_call if free else 1)
    if parity := parity_note(model, quantized, texts, context):
        step["parity"] = parity
    return model.derive(out, step, rows_per_call=quantized.rows_per_call)


def parity_note(model: Model, made: Model, texts: list[str], context: Context) -> dict[str, Any] | None:
    """The difference to the logits of the given graph, on rows of dev or train, else on the calibration texts."""
    origin, rows = real_texts(context.dataset, PARITY_ROWS)
    if not rows and not texts:
        logger.warning("no dataset is at hand: the difference that int8 makes is not measured")
        return None
    return check_parity(model, made, (origin or "calibration", rows or texts[:PARITY_ROWS]), context)


def write_dynamic(
    graph: ModelProto, path: Path, options: Int8Options, apart: Set[str], reduced: bool, kinds: tuple[str, ...]
) -> None:
    """Write the graph to `path` with the nodes of these kinds quantized, but for those `apart`."""
    add_pre_process_metadata(graph)  # onnxruntime fuses this graph when it loads it, not before it is quantized
    quantize_dynamic(
        graph,
        path,
        op_types_to_quantize=list(kinds),
        per_channel=options.per_channel,
        reduce_range=reduced,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=all_names(apart),
    )


def shares_calls(model: Model, texts: list[str], context: Context, step: dict[str, Any]) -> bool:
    """Whether texts that share a call are answered as each is alone; what was found is written into `step`."""
    predictor = context.host.open_predictor(dataclasses.replace(model, rows_per_call=None))
    found = batch_invariance(predictor, texts, seed=context.seed)
    step["batch_invariance"] = {"rows": found.rows, "label_changes": found.label_changes, "holds": found.holds}
    if not found.holds:
        logger.warning("texts do not share a call: %s", found)
    return found.holds


@contextlib.contextmanager
def root_logger_untouched() -> Iterator[None]:
    """Keep `logging.info(...)`, as onnxruntime calls it, from giving a root logger without handlers one to stderr.

    Its warnings on tensors without a range, which dynamic quantization has none of, stay out of sight too.
    """
    handler, before = logging.NullHandler(), logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(before)
        logging.root.removeHandler(handler)
