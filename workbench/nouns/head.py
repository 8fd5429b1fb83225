"""The head: the linear layer on top of an encoder's sentence vector, saved as `head.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.nouns.predictor import Floats

FILE = "head.safetensors"
PARTS = ("weight", "bias")


class Head(NamedTuple):
    """A linear layer: logits = weight @ vector + bias.

    Args:
        weight: float32 [intents, d].
        bias: float32 [intents].
    """

    weight: Floats
    bias: Floats

    def save(self, folder: Path) -> None:
        """Write `head.safetensors` into the folder."""
        import numpy as np
        from safetensors.numpy import save_file

        save_file(
            {part: np.ascontiguousarray(array, np.float32) for part, array in self._asdict().items()}, folder / FILE
        )

    @classmethod
    def load(cls, folder: Path, intents: int, width: int) -> Head:
        """Read the head of a model folder.

        Args:
            folder: the model folder.
            intents: expected number of intents.
            width: expected length of the sentence vectors.

        Raises:
            WorkbenchError: the file is missing, is damaged, or has other shapes.
        """
        import numpy as np
        from safetensors import SafetensorError, safe_open

        path = folder / FILE
        if not path.is_file():
            raise WorkbenchError("is missing", where=path, remedy="Copy the model folder again, or train a new model")
        try:
            with safe_open(path, framework="np") as file:
                weight, bias = (file.get_tensor(part).astype(np.float32) for part in PARTS)
        except (SafetensorError, TypeError) as error:  # TypeError: a number format that numpy lacks
            raise WorkbenchError(
                f"is not a valid head ({error})",
                where=path,
                remedy="Copy the model folder again, or train a new model",
            ) from error
        if weight.shape != (intents, width) or bias.shape != (intents,):
            raise WorkbenchError(
                f"has weights {list(weight.shape)} and bias {list(bias.shape)}, but {intents} intents and vectors "
                f"of length {width} need {[intents, width]} and {[intents]}",
                where=path,
                remedy="Copy head, encoder and workbench.json again from the same model folder",
            )
        return cls(weight, bias)
