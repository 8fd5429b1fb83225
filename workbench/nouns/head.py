"""The head: the linear layer behind an encoder's sentence vector, as `head.safetensors` in a model's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.nouns.predictor import Floats

FILE = "head.safetensors"
PARTS = ("weight", "bias")


class Head(NamedTuple):
    """logits = weight @ vector + bias.

    Args:
        weight: float32 [intents, d].
        bias: float32 [intents].
    """

    weight: Floats
    bias: Floats

    def save(self, folder: Path) -> None:
        """Write it into the folder."""
        import numpy as np
        from safetensors.numpy import save_file

        save_file(
            {part: np.ascontiguousarray(array, np.float32) for part, array in self._asdict().items()}, folder / FILE
        )

    @classmethod
    def load(cls, folder: Path, intents: int, width: int) -> Head:
        """The head in the folder, for so many intents and vectors [`width`].

        Raises:
            WorkbenchError: the file is missing, is damaged, or has other shapes.
        """
        import numpy as np
        from safetensors import SafetensorError, safe_open

        path = folder / FILE
        if not path.is_file():
            raise WorkbenchError("is missing", where=path, remedy="The folder is incomplete: make or copy it again")
        try:
            with safe_open(path, framework="np") as file:
                weight, bias = (file.get_tensor(part).astype(np.float32) for part in PARTS)
        except (SafetensorError, TypeError) as error:  # TypeError: a number format that numpy has not
            raise WorkbenchError(
                f"is no head ({error})", where=path, remedy="The file is damaged: make or copy the folder again"
            ) from error
        if weight.shape != (intents, width) or bias.shape != (intents,):
            raise WorkbenchError(
                f"has weights {list(weight.shape)} and bias {list(bias.shape)}; {intents} intents and vectors "
                f"[{width}] need {[intents, width]} and {[intents]}",
                where=path,
                remedy="Head, encoder and workbench.json do not belong together: make or copy the folder again",
            )
        return cls(weight, bias)
