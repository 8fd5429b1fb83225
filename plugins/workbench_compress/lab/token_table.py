"""Read from a torch model's files what its token embeddings weigh."""

from __future__ import annotations

import math

from workbench.api import Model
from workbench.api.io import read_json
from workbench_compress.policy.state import TokenTable

WEIGHTS = "model.safetensors"


def token_table(model: Model) -> TokenTable | None:
    """The tensor with a row for each token, from the header of the weights; None where there is none."""
    from safetensors import safe_open

    path, config = model.path / WEIGHTS, model.path / "config.json"
    if not (path.is_file() and config.is_file()):
        return None
    vocabulary = read_json(config).get("vocab_size")
    with safe_open(path, framework="np") as file:
        shapes = [tuple(file.get_slice(name).get_shape()) for name in file.keys()]  # noqa: SIM118 (no mapping)
    tables = [shape for shape in shapes if len(shape) == 2 and shape[0] == vocabulary]
    if not tables:
        return None
    return TokenTable(math.prod(tables[0]) / sum(map(math.prod, shapes)), tables[0][1])
