"""The pass `fuse`: an exported graph becomes one with far fewer nodes that answers the same, for texts of one length.

The fused graph has no attention mask: the predictor gives it texts of the same number of tokens, so none is padded, and
no text's answer depends on the length of another. Special nodes are onnxruntime's (domain com.microsoft).
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir

from workbench.api import Context, Model, WorkbenchError, history_step
from workbench.api.quality import ParityLimit, check_parity
from workbench_onnx import GRAPH, FuseOptions
from workbench_onnx.fusions import MICROSOFT, fuse_nodes, left_over
from workbench_onnx.parity_texts import parity_texts
from workbench_onnx.shape_values import MASK
from workbench_onnx.simplify import simplify_graph, tidy
from workbench_onnx.strip import strip

if TYPE_CHECKING:
    from onnx import ModelProto

LIBRARIES = ("onnx-ir", "onnxscript")
SHOWN_NODES = 3
LEAVE_OUT = "Leave the pass fuse out for this encoder"
logger = logging.getLogger(__name__)


def fuse(model: Model, out: Path, options: FuseOptions, context: Context) -> Model:
    """Write the fused `model.onnx`, the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is no plain exported graph, a node could not be fused, or the fused graph's answers
            are further from those of the given one than `tolerance`.
    """
    path = model.path / GRAPH
    if model.format != "onnx":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass fuse needs onnx",
            where=model.path,
            remedy='Put an export before it: [[compress]] use = "onnx"',
        )
    context.host.open_predictor(model)  # raises where the file is damaged
    graph = onnx.load(path, load_external_data=False)
    check_plain(graph, model)
    network = ir.from_proto(graph)
    simplify_graph(network, model.max_length)
    counts = fuse_nodes(network)
    tidy(network)
    check_fused(network, counts, model)
    made = ir.to_proto(network)
    strip(made)
    model.copy_tokenizer(out)
    (out / GRAPH).write_bytes(made.SerializeToString(deterministic=True))
    nodes = {"before": len(graph.graph.node), "after": len(made.graph.node)}
    logger.info("%d nodes became %d: %s", nodes["before"], nodes["after"], counts)
    limit = ParityLimit(
        options.tolerance, "the fused graph", "those before", f"{LEAVE_OUT}, or allow a larger tolerance"
    )
    texts = parity_texts(model, options.parity_rows, context)
    parity = check_parity(model, dataclasses.replace(model, path=out), texts, context, limit)
    return model.derive(out, history_step("fuse", options, LIBRARIES, fused=counts, nodes=nodes, parity=parity))


def check_plain(graph: ModelProto, model: Model) -> None:
    """Raise unless the graph is one that an exporter wrote, with tokens and mask as its inputs."""
    special = sorted({node.op_type for node in graph.graph.node if node.domain or "Quantize" in node.op_type})
    if special:
        raise WorkbenchError(
            f"is fused or quantized already ({', '.join(special)})",
            where=model.path,
            remedy="Let the pass fuse follow the export, and quantize after it",
        )
    inputs = [entry.name for entry in graph.graph.input]
    if MASK not in inputs:
        raise WorkbenchError(
            f"has no input {MASK} among {', '.join(inputs)}, so it cannot be told from a fused graph",
            where=model.path,
            remedy='Export it again: [[compress]] use = "onnx"',
        )


def check_fused(network: ir.Model, counts: dict[str, int], model: Model) -> None:
    """Raise where the rewriter has passed over a node, or the mask is still asked for."""
    left = left_over(network)
    if not counts["attention"] or left:
        names = [name for nodes in left.values() for name in nodes]
        what = f"could not fuse {', '.join(names[:SHOWN_NODES])}" if names else "has no attention that could be fused"
        raise WorkbenchError(
            f"{what}{' …' if len(names) > SHOWN_NODES else ''} (fused: {counts})", where=model.path, remedy=LEAVE_OUT
        )
    if any(value.name == MASK for value in network.graph.inputs):
        users = [str(use.node.name) for value in network.graph.inputs if value.name == MASK for use in value.uses()]
        raise WorkbenchError(
            f"needs {MASK} for more than padding ({', '.join(users[:SHOWN_NODES])})", where=model.path, remedy=LEAVE_OUT
        )
    network.graph.opset_imports.setdefault(MICROSOFT, 1)
