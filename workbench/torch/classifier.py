"""The classifier: encoder, pooling, normalisation to length 1 and a linear head as one torch module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workbench.nouns.head import Head
from workbench.nouns.model import Model
from workbench.torch.batches import run_in_batches
from workbench.torch.pretrained import open_encoder

SHORTEST = 1e-12  # length below which a vector is not scaled up


class IntentClassifier(nn.Module):
    """logits = head(pooled / max(||pooled||, 1e-12)), pooled = the mean, or the first, of the last hidden states.

    Args:
        encoder: a Hugging Face encoder.
        head: float32 weight [intents, d] and bias [intents]; None for a bare encoder.
        pooling: `mean` over the tokens that are no padding, or `cls`.
        pad_id: the token that fills up rows.
    """

    def __init__(self, encoder: Any, head: nn.Linear | None, pooling: str, pad_id: int) -> None:
        super().__init__()
        self.encoder, self.head, self.pooling, self.pad_id = encoder, head, pooling, pad_id

    def hidden_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The last hidden states [n, tokens, d] of token ids and attention mask, int64 [n, tokens]."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states

    def pool(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of length 1, float32 [n, d], of the last hidden states [n, tokens, d] under the mask."""
        states = states.float()
        if self.pooling == "cls":
            pooled = states[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).float()
            pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        length: Tensor = pooled.norm(dim=-1, keepdim=True)
        return pooled / length.clamp(min=SHORTEST)

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits float32 [n, intents] of embeddings [n, d]."""
        assert self.head is not None
        logits: Tensor = self.head(embedding)
        return logits

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Logits float32 [n, intents] (None without a head) and embeddings float32 [n, d]."""
        embedding = self.pool(self.hidden_states(input_ids, attention_mask), attention_mask)
        return (None if self.head is None else self.classify(embedding)), embedding

    def logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits float32 [n, intents] of token ids and attention mask, int64 [n, tokens]."""
        return self.classify(self.pool(self.hidden_states(input_ids, attention_mask), attention_mask))

    def embed(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """The vectors of many rows of token ids, float32 [n, d], computed in batches and without dropout."""
        _, vectors = run_in_batches(self.eval(), ids, self.pad_id)
        assert vectors is not None
        return vectors

    @classmethod
    def load(cls, model: Model, **arguments: Any) -> IntentClassifier:
        """Open the folder of a model of format `torch`, for inference; without intents it has no head.

        Args:
            model: the model.
            arguments: further ones of `from_pretrained`.

        Raises:
            WorkbenchError: a part is missing or damaged, or does not fit the model's intents.
        """
        encoder, head = open_encoder(model.path, **arguments), None
        if model.intents:
            stored = Head.load(model.path, len(model.intents), encoder.config.hidden_size)
            head = linear_head(*map(torch.from_numpy, stored))
        return cls(encoder, head, model.pooling, model.pad_id).eval()


def linear_head(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A head with these float32 weights [intents, d] and biases [intents]."""
    head = nn.Linear(weight.shape[1], weight.shape[0])
    head.load_state_dict({"weight": weight, "bias": bias})
    return head
