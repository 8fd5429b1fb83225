"""The pass `onnx`: a trained torch model becomes one ONNX graph that answers as torch does."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import shutil
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workbench.api import HEAD_FILE as HEAD
from workbench.api import Context, Model, WorkbenchError, as_json, check_folder, resolve
from workbench.api.quality import compare
from workbench_onnx import OnnxOptions
from workbench_onnx.classifier import load_classifier
from workbench_onnx.strip import strip
from workbench_onnx.texts import parity_texts

EXPORTERS = {"optimum": "workbench_onnx.optimum_exporter:export", "torch": "workbench_onnx.torch_exporter:export"}
LIBRARIES = {"optimum": ("torch", "transformers", "optimum-onnx"), "torch": ("torch", "transformers", "onnxscript")}
MOST_BYTES = 2**31 - 2**24  # protobuf's limit for one message, less what the graph itself needs
logger = logging.getLogger(__name__)


def export_onnx(model: Model, out: Path, options: OnnxOptions, context: Context) -> Model:
    """Write `model.onnx` (encoder, pooling, normalisation, head), the tokenizer and `workbench.json` into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model, is too large for one file, or the graph's answers are
            further from torch's than `tolerance`.
    """
    check_exportable(model)
    classifier = load_classifier(model)
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
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    shutil.copyfile(model.path / "tokenizer.json", out / "tokenizer.json")
    step = {
        "step": "onnx",
        "options": as_json(options),
        "libraries": {name: version(name) for name in LIBRARIES[options.exporter]},
    }
    exported = dataclasses.replace(model, path=out, format="onnx")
    step["parity"] = check_parity(model, exported, options, context)
    return dataclasses.replace(exported, history=(*model.history, step)).save()


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


def check_parity(model: Model, exported: Model, options: OnnxOptions, context: Context) -> dict[str, Any]:
    """How near the exported model's answers are to torch's, for the history; raise unless they are the same."""
    origin, texts = parity_texts(exported, options.parity_rows, context)
    parity = compare(context.host.open_predictor(model), context.host.open_predictor(exported), texts)
    logger.info("parity on %d texts of %s: %s", parity.rows, origin, parity)
    context.log({"agreement": parity.agreement, "max_logit_difference": parity.max_logit_difference}, 1)
    if not parity.within(options.tolerance):
        other = "torch" if options.exporter == "optimum" else "optimum"
        raise WorkbenchError(
            f"the ONNX graph's logits are up to {parity.max_logit_difference:.2g} from torch's and its embeddings "
            f"{parity.max_embedding_difference:.2g}, tolerance {options.tolerance:g}; most for the text "
            f"{textwrap.shorten(parity.worst, 80)!r}",
            where=model.path,
            remedy=f"Try exporter = {other!r}, or allow a larger tolerance",
        )
    return parity.note(origin)


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
