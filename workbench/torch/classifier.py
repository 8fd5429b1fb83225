"""The classifier as one torch module: encoder, pooling, scaling to length 1, and a linear head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workbench.nouns.head import Head
from workbench.nouns.model import Model
from workbench.torch.batches import run_in_batches
from workbench.torch.pretrained import open_encoder

MIN_LENGTH = 1e-12  # shorter vectors are divided by this length, not by their own


class IntentClassifier(nn.Module):
    """An intent classifier: logits = head(pooled / max(||pooled||, 1e-12)).

    `pooled` is the mean of the last hidden states, or the first of them.

    Args:
        encoder: a Hugging Face encoder.
        head: linear layer with weight float32 [intents, d] and bias [intents]; None for a bare encoder.
        pooling: `mean` over all tokens except padding, or `cls` (the first token).
        pad_id: id of the padding token.
    """

    def __init__(self, encoder: Any, head: nn.Linear | None, pooling: str, pad_id: int) -> None:
        super().__init__()
        self.encoder, self.head, self.pooling, self.pad_id = encoder, head, pooling, pad_id

    def hidden_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute the last hidden states [n, tokens, d] from token ids and attention mask, int64 [n, tokens]."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states

    def pool(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """Pool the last hidden states [n, tokens, d] under the mask into vectors of length 1, float32 [n, d]."""
        states = states.float()
        if self.pooling == "cls":
            pooled = states[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).float()
            pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        length: Tensor = pooled.norm(dim=-1, keepdim=True)
        return pooled / length.clamp(min=MIN_LENGTH)

    def classify(self, embedding: Tensor) -> Tensor:
        """Compute logits float32 [n, intents] from embeddings [n, d]."""
        assert self.head is not None
        logits: Tensor = self.head(embedding)
        return logits

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Compute logits float32 [n, intents] (None without a head) and embeddings float32 [n, d]."""
        embedding = self.pool(self.hidden_states(input_ids, attention_mask), attention_mask)
        return (None if self.head is None else self.classify(embedding)), embedding

    def logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute logits float32 [n, intents] from token ids and attention mask, int64 [n, tokens]."""
        return self.classify(self.pool(self.hidden_states(input_ids, attention_mask), attention_mask))

    def embed(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Compute the vectors of n rows of token ids, float32 [n, d], in batches and without dropout."""
        _, vectors = run_in_batches(self.eval(), ids, self.pad_id)
        assert vectors is not None
        return vectors

    @classmethod
    def load(cls, model: Model, **arguments: Any) -> IntentClassifier:
        """Open a model of format `torch` for inference; the classifier of a model without intents has no head.

        Args:
            model: the model.
            arguments: other arguments of `from_pretrained`.

        Raises:
            WorkbenchError: a file is missing or damaged, or the head does not match the model's intents.
        """
        encoder, head = open_encoder(model.path, **arguments), None
        if model.intents:
            stored = Head.load(model.path, len(model.intents), encoder.config.hidden_size)
            head = linear_head(*map(torch.from_numpy, stored))
        return cls(encoder, head, model.pooling, model.pad_id).eval()


def linear_head(weight: Tensor, bias: Tensor) -> nn.Linear:
    """Make a linear layer from weight float32 [intents, d] and bias [intents]."""
    head = nn.Linear(weight.shape[1], weight.shape[0])
    head.load_state_dict({"weight": weight, "bias": bias})
    return head
