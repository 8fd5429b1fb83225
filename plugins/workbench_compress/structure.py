"""Structures: how many layers, heads and neurons an encoder has, and which smaller ones are worth a thought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from workbench.api import Model
from workbench.api.io import read_json

BLOCK = 32  # neurons; int8 kernels work on blocks of so many
DEPTHS = 6
SHARES = (0.25, 0.5, 0.75, 1.0)
LIKE_BERT = {
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "width": "intermediate_size",
    "hidden": "hidden_size",
}
LIKE_DISTILBERT = {"layers": "n_layers", "heads": "n_heads", "width": "hidden_dim", "hidden": "dim"}
KEYS = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert"), LIKE_BERT),
    "distilbert": LIKE_DISTILBERT,
}


@dataclass(frozen=True, order=True)
class Structure:
    """The part of an encoder that can be cut.

    Args:
        layers: how many.
        heads: of a layer.
        width: neurons of a layer's feed-forward part.
    """

    layers: int
    heads: int
    width: int

    @property
    def name(self) -> str:
        """It in few letters, as folders are called."""
        return f"{self.layers}l-{self.heads}h-{self.width}f"

    def within(self, other: Structure) -> bool:
        """Whether it has nowhere more than the other."""
        return self.layers <= other.layers and self.heads <= other.heads and self.width <= other.width


@dataclass(frozen=True)
class Encoder:
    """What a model's configuration says of its encoder.

    Args:
        family: transformers' `model_type`.
        full: its structure.
        hidden: size of the hidden states.
        head_size: values of a head.
        vocabulary: tokens of the embedding table.
        config: all of it.
    """

    family: str
    full: Structure
    hidden: int
    head_size: int
    vocabulary: int
    config: Mapping[str, object]

    @classmethod
    def of(cls, model: Model) -> Encoder | None:
        """The encoder of a trained model; None where its family is not known, or its layers differ."""
        config = read_json(model.path / "config.json")
        keys = KEYS.get(config.get("model_type"))
        if keys is None:
            return None
        layers, heads, width, hidden = (config[keys[name]] for name in ("layers", "heads", "width", "hidden"))
        pruned = config.get("pruned_heads") or {}
        gone = {len(pruned.get(str(number), [])) for number in range(layers)}
        if len(gone) != 1:
            return None
        full = Structure(layers, heads - gone.pop(), width)
        return cls(config["model_type"], full, hidden, hidden // heads, config["vocab_size"], config)

    def resized(self, structure: Structure) -> dict[str, object]:
        """What its configuration says of another structure."""
        keys = KEYS[self.family]
        heads = self.hidden // self.head_size
        gone = {number: list(range(structure.heads, heads)) for number in range(structure.layers)}
        return {
            keys["layers"]: structure.layers,
            keys["width"]: structure.width,
            "pruned_heads": gone if structure.heads < heads else {},
        }

    def weights(self, structure: Structure) -> int:
        """How many weights the layers of a structure have."""
        attention = 4 * self.hidden * structure.heads * self.head_size
        return structure.layers * (attention + 2 * self.hidden * structure.width)

    @property
    def embeddings(self) -> int:
        """How many weights the token embeddings have."""
        return self.vocabulary * self.hidden

    def grid(self) -> list[Structure]:
        """The structure itself and smaller ones, the largest first: up to six depths, and quarters of heads and width.

        Widths are multiples of 32.
        """
        full = self.full
        depths = {round(full.layers * n / DEPTHS) for n in range(1, DEPTHS + 1)} - {0}
        heads = {max(1, round(full.heads * share)) for share in SHARES}
        widths = {max(BLOCK, round(full.width * share / BLOCK) * BLOCK) for share in SHARES[:-1]} | {full.width}
        return sorted(
            (Structure(*parts) for parts in product(depths, heads, {w for w in widths if w <= full.width})),
            reverse=True,
        )
