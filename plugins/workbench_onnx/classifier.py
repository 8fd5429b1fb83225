"""Encoder, pooling, normalisation and head as one torch module, from a trained model's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel

from workbench.api import Head
from workbench.api.torch import open_encoder, pool

if TYPE_CHECKING:
    from workbench.api import Model


class Classifier(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What `open_predictor` computes for the format `torch`, as a graph with two inputs and two outputs.

    It is a `PreTrainedModel` because optimum exports nothing else.

    Args:
        encoder: gives last hidden states [batch, sequence, d].
        head: for the model's intents.
        pooling: `mean` over the attended tokens, or `cls`.
    """

    def __init__(self, encoder: Any, head: Head, pooling: str) -> None:
        super().__init__(encoder.config)
        self.encoder = encoder
        self.head = torch.nn.Linear(head.weight.shape[1], head.weight.shape[0])
        self.head.load_state_dict({name: torch.from_numpy(array) for name, array in head._asdict().items()})
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits [batch, intents] and embedding [batch, d] of token ids and mask, int64 [batch, sequence]."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        embedding = pool(states, attention_mask, self.pooling)
        return {"logits": self.head(embedding), "embedding": embedding}


def load_classifier(model: Model) -> Classifier:
    """The classifier in float32, for inference.

    Its attention is the plain one: the graph has fewer nodes than that of SDPA, and answers faster once quantized.

    Raises:
        WorkbenchError: encoder or head is damaged, or the head is not one for the encoder and the model's intents.
    """
    encoder = open_encoder(model.path, attn_implementation="eager")
    head = Head.load(model.path, len(model.intents), encoder.config.hidden_size)
    classifier = Classifier(encoder, head, model.pooling)
    classifier.eval()  # type: ignore[no-untyped-call]
    return classifier
