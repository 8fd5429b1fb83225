"""What tests do with model folders: train on them, and spoil them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.context import Context
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options


def run_trainer(context: Context, name: str, dataset: Dataset, out: Path, **options: Any) -> Model:
    """Train as a run does."""
    trainer = context.host.registry("trainers")[name]
    made: Model = trainer(dataset, out, parse_options(trainer.options, options, "train"), context)
    return made


Tensors = dict[str, Any]


def spoil(source: Path, folder: Path, weights: Callable[[Tensors], Tensors] = dict, **config: Any) -> Path:
    """A copy with other weights, a function of those that are there, and other values in its config.json."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(source, folder)
    save_file(weights(load_file(source / "model.safetensors")), folder / "model.safetensors", metadata={"format": "pt"})
    about = json.loads((source / "config.json").read_text(encoding="utf-8")) | config
    (folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
    return folder
