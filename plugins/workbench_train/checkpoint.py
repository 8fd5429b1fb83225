"""Checkpoints: one safetensors file, replaced atomically, so that a killed training goes on where it was.

The file's metadata says which training it belongs to; a checkpoint of another training is not used.
`Context.cache` keeps results that are made once; a checkpoint is overwritten while a training runs, so it is a file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from workbench.api.io import fsync_path

logger = logging.getLogger(__name__)
FILE = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """The place of one training's checkpoint.

    Args:
        folder: survives a kill (`Context.work`).
        key: digest of everything that determines the training.
    """

    folder: Path
    key: str

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Replace the checkpoint by these tensors and this JSON."""
        staged = self.folder / f".{FILE}"
        contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
        save_file(contiguous, staged, metadata={"key": self.key, "state": json.dumps(state)})
        fsync_path(staged)
        os.replace(staged, self.folder / FILE)
        fsync_path(self.folder)

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The tensors and the state that `save` wrote last; None where there are none of this training."""
        path = self.folder / FILE
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata() or {}
                if about.get("key") != self.key:
                    logger.info("the checkpoint in %s is another training's and is not used", self.folder)
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}, json.loads(about["state"])  # noqa: SIM118
        except SafetensorError as error:
            logger.warning("%s is damaged (%s): the training starts again", path, error)
            return None
