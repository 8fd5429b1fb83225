"""Where the layers of an encoder are, and the parts of a layer, by architecture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from workbench.api import WorkbenchError

LIKE_ROBERTA = ("roberta", "xlm-roberta", "camembert")
LIKE_BERT = ("bert", *LIKE_ROBERTA)
DISTILBERT = "distilbert"


@dataclass(frozen=True)
class Layer:
    """The parts of a layer that can be made narrower.

    Args:
        heads: its attention heads.
        values: the projection behind the heads; its columns are the heads' values.
        rise: hidden states to neurons.
        fall: neurons to hidden states; its columns are the neurons.
    """

    heads: int
    values: nn.Linear
    rise: nn.Linear
    fall: nn.Linear


def stack(encoder: Any) -> Any:
    """The module whose `layer` is the list of layers."""
    return encoder.transformer if encoder.config.model_type == DISTILBERT else encoder.encoder


def layers(encoder: Any) -> list[Layer]:
    """The layers from the first to the last."""
    if encoder.config.model_type == DISTILBERT:
        return [
            Layer(block.attention.n_heads, block.attention.out_lin, block.ffn.lin1, block.ffn.lin2)
            for block in stack(encoder).layer
        ]
    return [
        Layer(
            block.attention.self.num_attention_heads,
            block.attention.output.dense,
            block.intermediate.dense,
            block.output.dense,
        )
        for block in stack(encoder).layer
    ]


def check_family(encoder: Any, name: str, where: Path) -> None:
    """Raise unless the pass `name` knows the encoder's architecture."""
    if encoder.config.model_type not in (*LIKE_BERT, DISTILBERT):
        raise WorkbenchError(
            f"is a {encoder.config.model_type!r} encoder, which the pass {name} does not know",
            where=where,
            remedy=f"It knows {', '.join((*LIKE_BERT, DISTILBERT))}: train one of these, or leave the pass out",
        )


def set_width(config: Any, width: int) -> None:
    """Note how many neurons a layer has."""
    setattr(config, "hidden_dim" if config.model_type == DISTILBERT else "intermediate_size", width)
