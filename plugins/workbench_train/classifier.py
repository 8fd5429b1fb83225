"""The network: encoder, pooling, normalisation, linear head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, PreTrainedModel

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench_train.batches import run_sorted

HEAD = "head.safetensors"


class IntentClassifier(nn.Module):
    """logits = head(pooled / max(||pooled||, 1e-12)), pooled = the mean, or the first, of the last hidden states.

    Args:
        encoder: a Hugging Face encoder.
        head: float32 weight [intents, d] and bias [intents]; None for a bare encoder.
        pooling: `mean` over the tokens that are no padding, or `cls`.
    """

    def __init__(self, encoder: PreTrainedModel, head: nn.Linear | None, pooling: str) -> None:
        super().__init__()
        self.encoder, self.head, self.pooling = encoder, head, pooling

    @property
    def pad_id(self) -> int:
        """The token that fills up rows."""
        return self.encoder.config.pad_token_id or 0

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors of length 1, float32 [n, d], of token ids and attention mask int64 [n, tokens]."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        if self.pooling == "cls":
            pooled = states[:, 0]
        else:
            weights = mask.unsqueeze(-1).float()
            pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return functional.normalize(pooled, dim=-1, eps=1e-12)

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits float32 [n, intents] of embeddings [n, d]."""
        assert self.head is not None
        logits: Tensor = self.head(embedding)
        return logits

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Logits float32 [n, intents] (None without a head) and embeddings float32 [n, d]."""
        embedding = self.embed(ids, mask)
        return (self.classify(embedding) if self.head else None), embedding

    @classmethod
    def load(cls, model: Model) -> IntentClassifier:
        """The network in the folder of a model of format `torch`.

        Raises:
            WorkbenchError: the head is missing, or is not one for the model's intents.
        """
        head = _load_head(model.path / HEAD, len(model.intents)) if model.intents else None
        return cls(open_pretrained(AutoModel, model.path), head, model.pooling).eval()


def open_pretrained(kind: Any, folder: Path) -> PreTrainedModel:
    """What `kind`, such as `AutoModel`, opens in a Hugging Face folder, in float32; code in the folder is never run.

    Raises:
        WorkbenchError: configuration or weights are damaged, do not fit each other, or need code of their own.
    """
    try:
        opened = kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise WorkbenchError(
            f"cannot be opened ({first_line(error)})", where=folder, remedy="Copy or make the folder again"
        ) from error
    network: PreTrainedModel = opened.float().eval()
    return network


def first_line(error: Exception) -> str:
    """What an error of a library says, in one line."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


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


def _load_head(path: Path, intents: int) -> nn.Linear:
    if not path.is_file():
        raise WorkbenchError("is missing", where=path, remedy="The folder is incomplete: make or copy it again")
    try:
        tensors = load_file(path)
        weight, bias = tensors["weight"], tensors["bias"]
    except (SafetensorError, KeyError) as error:
        raise WorkbenchError(
            f"is no head ({first_line(error)})", where=path, remedy="Copy or make the folder again"
        ) from error
    if weight.shape[0] != intents:
        raise WorkbenchError(
            f"has {weight.shape[0]} rows for {intents} intents",
            where=path,
            remedy="Head and workbench.json do not belong together: make or copy the folder again",
        )
    return linear_head(weight, bias)
