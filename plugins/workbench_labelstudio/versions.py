"""What a model's predictions are called in Label Studio: the same whether they are pushed or asked for."""

from __future__ import annotations

from pathlib import Path

from workbench.api.engine import RUN_FILE as RUN


def model_name(path: Path) -> str:
    """The folder of the run that a model was made in, else its own folder, by its name."""
    folder = path.resolve()
    return next((parent for parent in folder.parents if (parent / RUN).is_file()), folder).name


def model_version(path: Path, number: str) -> str:
    """The version of a model's predictions.

    Args:
        path: where the model is.
        number: twelve digits that stand for exactly this model.
    """
    return f"{model_name(path)}-{number}"
