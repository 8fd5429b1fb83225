"""The search space of the passes that prune: which depths, heads and widths are worth a try, and their `config.json`.

Each list begins with what the model has. A list is empty where the family is not known, or where layers differ in
their number of heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.api import Model
from workbench.api.io import read_json

BLOCK = 32  # neurons; int8 kernels work on blocks of so many
DEPTHS = 6
SHARES = (1.0, 0.75, 0.5, 0.25)
LIKE_BERT = ("num_hidden_layers", "num_attention_heads", "intermediate_size")
LIKE_DISTILBERT = ("n_layers", "n_heads", "hidden_dim")
FAMILIES = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert"), LIKE_BERT),
    "distilbert": LIKE_DISTILBERT,
}
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """What an encoder has: layers, attention heads of a layer, neurons of a layer's feed-forward part."""

    layers: int
    heads: int
    width: int


def shape_of(model: Model) -> Shape | None:
    """Read the shape from `config.json`; None where it cannot be pruned."""
    config = read_json(model.path / "config.json")
    keys = FAMILIES.get(config.get("model_type"))
    if keys is None:
        return None
    layers, heads, width = (config[key] for key in keys)
    pruned = config.get("pruned_heads") or {}
    gone = {len(pruned.get(str(number), [])) for number in range(layers)}
    return Shape(layers, heads - gone.pop(), width) if len(gone) == 1 else None


def layers(model: Model) -> list[int]:
    """Up to six depths, evenly spaced."""
    full = shape_of(model)
    return falling(round(full.layers * n / DEPTHS) for n in range(1, DEPTHS + 1)) if full else []


def heads(model: Model) -> list[int]:
    """Quarters of the heads."""
    full = shape_of(model)
    return falling(max(1, round(full.heads * share)) for share in SHARES) if full else []


def widths(model: Model) -> list[int]:
    """The width, and quarters of it in multiples of 32."""
    full = shape_of(model)
    if full is None:
        return []
    smaller = (max(BLOCK, round(full.width * share / BLOCK) * BLOCK) for share in SHARES[1:])
    return falling([full.width, *(width for width in smaller if width <= full.width)])


def falling(values: Any) -> list[int]:
    """The distinct positive values, the largest first."""
    return sorted({value for value in values if value > 0}, reverse=True)


def with_layers(config: Config, count: int) -> Config:
    """The configuration of so many layers."""
    pruned = config.get("pruned_heads") or {}
    gone: list[int] = next(iter(pruned.values()), [])
    key, _, _ = FAMILIES[config["model_type"]]
    return {**config, key: count, "pruned_heads": dict.fromkeys(range(count), gone) if gone else {}}


def with_heads(config: Config, count: int) -> Config:
    """The configuration of so many heads in every layer."""
    layers, heads, _ = (config[key] for key in FAMILIES[config["model_type"]])
    gone = list(range(count, heads))
    return {**config, "pruned_heads": dict.fromkeys(range(layers), gone) if gone else {}}


def with_width(config: Config, neurons: int) -> Config:
    """The configuration of so many neurons in every layer."""
    *_, key = FAMILIES[config["model_type"]]
    return {**config, key: neurons}
