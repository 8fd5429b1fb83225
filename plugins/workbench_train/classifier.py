"""The network: encoder, pooling, normalisation, linear head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workbench.api import Head, Model
from workbench.api.torch import open_encoder, pool
from workbench_train.batches import run_sorted


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

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The last hidden states [n, tokens, d] of token ids and attention mask int64 [n, tokens]."""
        states: Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return states

    def embed(self, states: Tensor, mask: Tensor) -> Tensor:
        """Vectors of length 1, float32 [n, d], of the last hidden states under the mask."""
        vectors: Tensor = pool(states, mask, self.pooling)
        return vectors

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits float32 [n, intents] of embeddings [n, d]."""
        assert self.head is not None
        logits: Tensor = self.head(embedding)
        return logits

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Logits float32 [n, intents] (None without a head) and embeddings float32 [n, d]."""
        embedding = self.embed(self.states(ids, mask), mask)
        return (self.classify(embedding) if self.head else None), embedding

    @classmethod
    def load(cls, model: Model) -> IntentClassifier:
        """The network in the folder of a model of format `torch`.

        Raises:
            WorkbenchError: a part is missing or damaged, or is not one for the model's intents.
        """
        encoder, head = open_encoder(model.path), None
        if model.intents:
            stored = Head.load(model.path, len(model.intents), encoder.config.hidden_size)
            head = linear_head(*map(torch.from_numpy, stored))
        return cls(encoder, head, model.pooling, model.pad_id).eval()


def embed(classifier: IntentClassifier, ids: Sequence[Sequence[int]]) -> Tensor:
    """The vectors of many rows of token ids, float32 [n, d], without dropout."""
    _, vectors = run_sorted(classifier.eval(), ids, classifier.pad_id)
    assert vectors is not None
    return vectors


def linear_head(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A head with these float32 weights [intents, d] and biases [intents]."""
    head = nn.Linear(weight.shape[1], weight.shape[0])
    head.load_state_dict({"weight": weight, "bias": bias})
    return head
