"""A trained model in memory, and the folder that a pass leaves."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from workbench.api import HEAD_FILE as HEAD
from workbench.api import Head, Model, WorkbenchError, as_json, file_digests
from workbench.api.torch import open_encoder, pool

TOKENIZER = ("tokenizer_config.json", "special_tokens_map.json")
VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "added_tokens.json")
LIBRARIES = ("torch", "transformers", "tokenizers")


@dataclass
class Network:
    """Encoder, pooling and head; without dropout, and with gradients where they are asked for.

    Args:
        encoder: what `AutoModel` opens.
        weight: of the head, float32 [intents, d].
        bias: of the head, float32 [intents].
        pooling: `mean` or `cls`.
        pad_id: the token that fills up rows.
    """

    encoder: Any
    weight: Tensor
    bias: Tensor
    pooling: str
    pad_id: int

    def logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """float32 [n, intents] of token ids and attention mask, int64 [n, tokens]."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return functional.linear(pool(states, mask, self.pooling), self.weight, self.bias)


def check_trained(model: Model, name: str) -> None:
    """Raise unless the pass `name` gets a model that a trainer made."""
    if model.format != "torch":
        raise WorkbenchError(
            f"has the format {model.format!r}, the pass {name} needs torch",
            where=model.path,
            remedy="Put it before the export" if model.format == "onnx" else "Train the model here: workbench train",
        )
    if not model.intents:
        raise WorkbenchError("has no head", where=model.path, remedy="Train it first: workbench train")


def open_network(model: Model, name: str) -> Network:
    """The network of a trained model, for the pass `name`.

    Raises:
        WorkbenchError: the model is none that a trainer made, or is damaged.
    """
    check_trained(model, name)
    encoder = open_encoder(model.path)
    head = Head.load(model.path, len(model.intents), encoder.config.hidden_size)
    return Network(encoder, torch.from_numpy(head.weight), torch.from_numpy(head.bias), model.pooling, model.pad_id)


def finish(model: Model, encoder: Any, out: Path, name: str, options: Any, figures: Mapping[str, Any]) -> Model:
    """Write the encoder beside the model's tokenizer and head; a tokenizer that stands in `out` already is kept.

    Args:
        model: what the pass was given.
        encoder: what it made of its encoder.
        out: the folder to write.
        name: of the pass.
        options: of the pass.
        figures: what it found, for the history, which also has the digests of files that the options name.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "tokenizer.json").is_file():
        copy(model.path, out, ("tokenizer.json", *TOKENIZER, *VOCABULARIES))
    copy(model.path, out, (HEAD,))
    encoder.save_pretrained(out)
    versions = {library: importlib.metadata.version(library) for library in LIBRARIES}
    step = {
        "step": name,
        "options": as_json(options, key_only=True),
        "libraries": versions,
        **file_digests(options),
        **figures,
    }
    return dataclasses.replace(model, path=out, history=(*model.history, step)).save()


def copy(source: Path, out: Path, names: tuple[str, ...]) -> None:
    """Copy those of the files that are there."""
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
