"""The pass `onnx`: a trained torch model becomes one ONNX graph that answers as torch does."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from workbench.api import HEAD_FILE as HEAD
from workbench.api import Context, Model, WorkbenchError, check_folder, history_step, resolve
from workbench.api.quality import ParityLimit, check_parity
from workbench.api.torch import IntentClassifier
from workbench_onnx import GRAPH, OnnxOptions
from workbench_onnx.parity_texts import parity_texts
from workbench_onnx.strip import strip

EXPORTERS = {"optimum": "workbench_onnx.optimum_exporter:export", "torch": "workbench_onnx.torch_exporter:export"}
LIBRARIES = {"optimum": ("torch", "transformers", "optimum-onnx"), "torch": ("torch", "transformers", "onnxscript")}
MOST_BYTES = 2**31 - 2**24  # protobuf's limit for one message, less what the graph itself needs


def export_onnx(model: Model, out: Path, options: OnnxOptions, context: Context) -> Model:
    """Write `model.onnx` (encoder, pooling, normalisation, head), the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model, is too large for one file, or the graph's answers are
            further from torch's than `tolerance`.
    """
    check_exportable(model)
    classifier = IntentClassifier.load(model, attn_implementation="eager")  # fewer nodes than SDPA, faster in int8
    weights = sum(parameter.nbytes for parameter in classifier.parameters())
    if weights > MOST_BYTES:
        raise WorkbenchError(
            f"has {weights / 1e9:.1f} GB of weights; one ONNX file holds {MOST_BYTES / 1e9:.1f} GB",
            where=model.path,
            remedy="Train a smaller encoder, or prune this one first",
        )
    exporter = resolve(EXPORTERS[options.exporter], "export")
    with tempfile.TemporaryDirectory(dir=context.work) as work, quiet():
        graph = exporter(classifier, Path(work), options.opset)
    del classifier
    strip(graph)
    model.copy_tokenizer(out)
    (out / GRAPH).write_bytes(graph.SerializeToString(deterministic=True))
    other = "torch" if options.exporter == "optimum" else "optimum"
    limit = ParityLimit(
        options.tolerance, "the ONNX graph", "torch's", f"Try exporter = {other!r}, or allow a larger tolerance"
    )
    texts = parity_texts(model, options.parity_rows, context)
    parity = check_parity(model, dataclasses.replace(model, path=out, format="onnx"), texts, context, limit)
    step = history_step("onnx", options, LIBRARIES[options.exporter], parity=parity)
    return model.derive(out, step, format="onnx")


def check_exportable(model: Model) -> None:
    """Raise unless the folder holds a torch encoder with a head."""
    if model.format != "torch":
        what = "is an ONNX model already" if model.format == "onnx" else f"has the format {model.format!r}"
        remedy = "The pass onnx exports torch models: put it first, or leave it out if the trainer left an ONNX model"
        raise WorkbenchError(what, where=model.path, remedy=remedy)
    if not model.intents or not (model.path / HEAD).is_file():
        raise WorkbenchError(
            f"has no head ({HEAD} and intents), so there is nothing to classify with",
            where=model.path,
            remedy="Train it first: workbench train",
        )
    check_folder(model.path)
    if not (model.path / "tokenizer.json").is_file():
        raise WorkbenchError("is missing", where=model.path / "tokenizer.json")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the exporters' notes on their own future to themselves; errors pass."""
    exporters = logging.getLogger("torch.onnx")
    level = exporters.level
    exporters.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporters.setLevel(level)
