"""The pass `fuse`: an exported graph becomes one with far fewer nodes that answers the same, for texts of one length.

The fused graph has no attention mask: the predictor gives it texts of the same number of tokens, so none is padded, and
no text's answer depends on the length of another. Special nodes are onnxruntime's (domain com.microsoft).
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir

from workbench.api import Context, Model, WorkbenchError, as_json
from workbench.api.quality import compare
from workbench_onnx import FuseOptions
from workbench_onnx.fixed import MASK
from workbench_onnx.fusions import MICROSOFT, fuse_nodes, left_over
from workbench_onnx.lean import make_lean, tidy
from workbench_onnx.strip import strip
from workbench_onnx.texts import parity_texts

if TYPE_CHECKING:
    from onnx import ModelProto

NAMED = 3
LEAVE_OUT = "Leave the pass fuse out for this encoder"
logger = logging.getLogger(__name__)


def fuse(model: Model, out: Path, options: FuseOptions, context: Context) -> Model:
    """Write the fused `model.onnx`, the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is no plain exported graph, a node could not be fused, or the fused graph's answers
            are further from those of the given one than `tolerance`.
    """
    path = model.path / "model.onnx"
    if model.format != "onnx":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass fuse needs onnx",
            where=model.path,
            remedy='Put an export before it: [[compress]] use = "onnx"',
        )
    before = context.host.open_predictor(model)  # whatever is wrong with the file is said there
    graph = onnx.load(path, load_external_data=False)
    check_plain(graph, model)
    network = ir.from_proto(graph)
    make_lean(network, model.max_length)
    counts = fuse_nodes(network)
    tidy(network)
    check_fused(network, counts, model)
    made = ir.to_proto(network)
    strip(made)
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(made.SerializeToString(deterministic=True))
    shutil.copyfile(model.path / "tokenizer.json", out / "tokenizer.json")
    step = {
        "step": "fuse",
        "options": as_json(options),
        "libraries": {name: version(name) for name in ("onnx-ir", "onnxscript")},
        "fused": counts,
        "nodes": {"before": len(graph.graph.node), "after": len(made.graph.node)},
    }
    logger.info("%d nodes became %d: %s", len(graph.graph.node), len(made.graph.node), counts)
    fused = dataclasses.replace(model, path=out)
    origin, texts = parity_texts(fused, options.parity_rows, context)
    parity = compare(before, context.host.open_predictor(fused), texts)
    logger.info("parity on %d texts of %s: %s", parity.rows, origin, parity)
    context.log({"agreement": parity.agreement, "max_logit_difference": parity.max_logit_difference}, 1)
    if not parity.within(options.tolerance):
        raise WorkbenchError(
            f"the fused graph's logits are up to {parity.max_logit_difference:.2g} from those before and its "
            f"embeddings {parity.max_embedding_difference:.2g}, tolerance {options.tolerance:g}; most for the text "
            f"{textwrap.shorten(parity.worst, 80)!r}",
            where=model.path,
            remedy=f"{LEAVE_OUT}, or allow a larger tolerance",
        )
    step["parity"] = parity.note(origin)
    return dataclasses.replace(fused, history=(*model.history, step)).save()


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
        what = f"could not fuse {', '.join(names[:NAMED])}" if names else "has no attention that could be fused"
        raise WorkbenchError(
            f"{what}{' …' if len(names) > NAMED else ''} (fused: {counts})", where=model.path, remedy=LEAVE_OUT
        )
    if any(value.name == MASK for value in network.graph.inputs):
        users = [str(use.node.name) for value in network.graph.inputs if value.name == MASK for use in value.uses()]
        raise WorkbenchError(
            f"needs {MASK} for more than padding ({', '.join(users[:NAMED])})", where=model.path, remedy=LEAVE_OUT
        )
    network.graph.opset_imports.setdefault(MICROSOFT, 1)
