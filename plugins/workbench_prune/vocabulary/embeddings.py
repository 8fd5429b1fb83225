"""An encoder with fewer embeddings and the same logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.api import WorkbenchError
from workbench.api.torch import IntentClassifier, run_in_batches
from workbench_prune.families import LIKE_ROBERTA

TOLERANCE = 1e-4  # of a logit


def config_token_ids(config: Any) -> list[int]:
    """The numbers of the tokens that a configuration names, and of those before RoBERTa's padding token.

    RoBERTa counts positions from the number of its padding token, which must therefore not change.
    """
    return [*_token_ids(config).values(), *(range(config.pad_token_id) if config.model_type in LIKE_ROBERTA else ())]


def _token_ids(config: Any) -> dict[str, int]:
    values = config.to_dict().items()
    return {key: value for key, value in values if key.endswith("_token_id") and isinstance(value, int)}


def check_table(encoder: Any, last: int, where: Path) -> None:
    """Raise unless the encoder has an embedding for the token with the number `last`."""
    rows = encoder.get_input_embeddings().num_embeddings
    if last >= rows:
        raise WorkbenchError(
            f"the tokenizer has a token {last}, and the encoder {rows} embeddings",
            where=where,
            remedy="They do not belong together: make or copy the folder again",
        )


def keep_embeddings(encoder: Any, kept: Sequence[int]) -> None:
    """Keep the embeddings of these tokens, and let the configuration name tokens by their new numbers.

    Args:
        encoder: is changed in place.
        kept: the old number of each new token, in ascending order.
    """
    table, config = encoder.get_input_embeddings(), encoder.config
    new = {number: place for place, number in enumerate(kept)}
    for key, value in _token_ids(config).items():
        setattr(config, key, new.get(value))
    fewer = nn.Embedding(len(kept), table.embedding_dim, padding_idx=config.pad_token_id)
    fewer.load_state_dict({"weight": table.weight.detach()[torch.tensor(kept)]})
    encoder.set_input_embeddings(fewer)
    config.vocab_size = len(kept)


def check_logits(before: Tensor, after: Tensor, where: Path) -> None:
    """Raise unless logits [n, intents] stayed what they were.

    Raises:
        WorkbenchError: they did not.
    """
    difference = float((before - after).abs().max())
    if not difference < TOLERANCE:
        raise WorkbenchError(
            f"answers otherwise with fewer tokens (a logit differs by {difference:.2g})",
            where=where,
            remedy="Leave out the pass trim-vocab: this encoder cannot be trimmed",
        )


def logits_of(classifier: IntentClassifier, ids: Sequence[Sequence[int]]) -> Tensor:
    """Logits float32 [n, intents] of rows of token ids."""
    logits, _ = run_in_batches(classifier, ids, classifier.pad_id)
    assert logits is not None
    return logits
