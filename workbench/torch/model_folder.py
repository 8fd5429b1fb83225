"""Write the folder of a model of format `torch`: tokenizer files, encoder weights and head."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.nouns.head import Head
from workbench.torch.classifier import IntentClassifier
from workbench.torch.pretrained import open_tokenizer

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
TOKENIZER_FILES = (
    *VOCABULARIES,
    "merges.txt",
    "added_tokens.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


def write_tokenizer(source: Path, out: Path, rows: int) -> None:
    """Write an encoder's tokenizer into the folder `out` as tokenizer.json, without padding or truncation.

    Args:
        source: the encoder's folder, with tokenizer.json or a vocabulary.
        out: the folder to write, created if necessary.
        rows: number of rows of the encoder's embedding table.

    Raises:
        WorkbenchError: the folder has no tokenizer, or a token id is outside the embedding table.
    """
    if not any((source / name).is_file() for name in VOCABULARIES):
        raise WorkbenchError(
            "has no tokenizer: tokenizer.json is missing",
            where=source,
            remedy="Copy tokenizer.json, or the vocabulary file, from the original folder of the encoder",
        )
    tokenizer = open_tokenizer(source)
    tokens = max(tokenizer.get_vocab().values(), default=-1) + 1
    if tokens > rows:
        raise WorkbenchError(
            f"has a tokenizer with {tokens} tokens, but an encoder with {rows} embeddings",
            where=source,
            remedy="Copy tokenizer and encoder again from the same folder",
        )
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(out)


def copy_tokenizer_files(source: Path, out: Path) -> None:
    """Copy a model's tokenizer files into the folder `out`; create the folder if necessary."""
    out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)


def save_classifier(classifier: IntentClassifier, out: Path) -> None:
    """Write the encoder's configuration and weights, and the head, into the folder `out`."""
    assert classifier.head is not None
    classifier.encoder.save_pretrained(out)
    Head(classifier.head.weight.detach().numpy(), classifier.head.bias.detach().numpy()).save(out)
