"""Encoder, pooling, normalisation and head as one torch module, from a trained model's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from transformers import AutoModel, PreTrainedModel

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.nouns.model import Model

HEAD = "head.safetensors"


class Classifier(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What `open_predictor` computes for the format `torch`, as a graph with two inputs and two outputs.

    It is a `PreTrainedModel` because optimum exports nothing else.

    Args:
        encoder: gives last hidden states [batch, sequence, d].
        weight: float32 [intents, d].
        bias: float32 [intents].
        pooling: `mean` over the attended tokens, or `cls`.
    """

    def __init__(self, encoder: Any, weight: torch.Tensor, bias: torch.Tensor, pooling: str) -> None:
        super().__init__(encoder.config)
        self.encoder = encoder
        self.head = torch.nn.Linear(weight.shape[1], weight.shape[0])
        self.head.load_state_dict({"weight": weight, "bias": bias})
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits [batch, intents] and embedding [batch, d] of token ids and mask, int64 [batch, sequence]."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "mean":
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
        else:
            pooled = states[:, 0]
        embedding = pooled / pooled.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        return {"logits": self.head(embedding), "embedding": embedding}


def load_classifier(model: Model) -> Classifier:
    """The classifier in float32, for inference.

    Its attention is the plain one: the graph has fewer nodes than that of SDPA, and answers faster once quantized.

    Raises:
        WorkbenchError: the head is not one for the model's intents.
    """
    encoder = AutoModel.from_pretrained(
        model.path, local_files_only=True, trust_remote_code=False, use_safetensors=True, attn_implementation="eager"
    )
    head = load_file(model.path / HEAD)
    weight, bias = head["weight"], head["bias"]
    wanted = (len(model.intents), encoder.config.hidden_size)
    if weight.shape != wanted or bias.shape != wanted[:1]:
        raise WorkbenchError(
            f"has weights {list(weight.shape)} and bias {list(bias.shape)}, expected {list(wanted)}",
            where=model.path / HEAD,
        )
    classifier = Classifier(encoder.float(), weight, bias, model.pooling)
    classifier.eval()  # type: ignore[no-untyped-call]
    return classifier
