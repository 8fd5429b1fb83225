"""The trained model that a pass is given, and the folder that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.api import Model, WorkbenchError, file_digests, history_step
from workbench.api.torch import IntentClassifier, copy_tokenizer_files, save_classifier

LIBRARIES = ("torch", "transformers", "tokenizers")


def check_trained(model: Model, name: str) -> None:
    """Raise unless the pass `name` gets a model that a trainer made."""
    if model.format != "torch":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass {name} needs torch",
            where=model.path,
            remedy="Put it before the export" if model.format == "onnx" else "Train the model here: workbench train",
        )
    if not model.intents:
        raise WorkbenchError("has no head", where=model.path, remedy="Train it first: workbench train")


def open_trained(model: Model, name: str) -> IntentClassifier:
    """The classifier of a trained model, for the pass `name`.

    Raises:
        WorkbenchError: no trainer made the model, or it is damaged.
    """
    check_trained(model, name)
    return IntentClassifier.load(model)


def write_model(
    model: Model, classifier: IntentClassifier, out: Path, name: str, options: Any, figures: Mapping[str, Any]
) -> Model:
    """Write the classifier with the given model's tokenizer; a tokenizer that is in `out` already is kept.

    Args:
        model: what the pass was given.
        classifier: what the pass made of it.
        out: the folder to write.
        name: of the pass.
        options: of the pass.
        figures: for the history, which also has the digests of files that the options name.
    """
    if not (out / "tokenizer.json").is_file():
        copy_tokenizer_files(model.path, out)
    save_classifier(classifier, out)
    return model.derive(out, history_step(name, options, LIBRARIES, **file_digests(options), **figures))
