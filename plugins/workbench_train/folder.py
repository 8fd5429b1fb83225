"""The model's folder: the tokenizer is there before training, weights and head follow it."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.api import (
    Context,
    Dataset,
    Head,
    Model,
    UsageProblem,
    WorkbenchError,
    as_json,
    find_encoder,
    option_fields,
    token_limit,
)
from workbench.api.torch import open_encoder, open_tokenizer
from workbench_train.classifier import IntentClassifier
from workbench_train.options import DistilOptions, NamesOptions, ProbeOptions

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
LIBRARIES = ("torch", "transformers", "tokenizers", "scikit-learn")


def begin(
    dataset: Dataset, out: Path, options: NamesOptions, context: Context, step: str
) -> tuple[Model, IntentClassifier]:
    """The model to be, its tokenizer already in `out`, and its network without a head.

    Layers that the encoder's weights lack, such as RoBERTa's pooler, are drawn at random: call it in a `seeded` block.

    Raises:
        WorkbenchError: the encoder is not on this machine or is damaged, or has no fast tokenizer or one of another
            encoder.
    """
    found = find_encoder(options.encoder, context.host.registry("encoders"))
    encoder = open_encoder(found.path)
    out.mkdir(parents=True, exist_ok=True)
    copy_tokenizer(found.path, out, encoder.get_input_embeddings().num_embeddings)
    prefix = found.prefix if options.prefix is None else options.prefix
    pooling = options.pooling or found.pooling
    chosen = as_json(options, key_only=True) | {"encoder": found.name, "prefix": prefix, "pooling": pooling}
    history = {
        "step": step,
        "options": chosen,
        "encoder": found.name,
        "encoder_sha256": found.digest(),
        "licence": found.licence,
        "libraries": versions(),
    }
    model = Model(
        path=out,
        format="torch",
        task=dataset.task,
        intents=dataset.intents,
        prefix=prefix,
        pooling=pooling,
        max_length=min(options.max_length, token_limit(found.path)),
        normalization=dataset.normalization,
        history=(history,),
    )
    return model, IntentClassifier(encoder, None, pooling, model.pad_id)


def go_on(student: Model, out: Path, options: DistilOptions, step: str) -> tuple[Model, IntentClassifier]:
    """The model to be, its tokenizer already in `out`, and the network of a trained model, with its head.

    Raises:
        UsageProblem: options say what the student brings itself.
        WorkbenchError: the student is no trained torch model, or is damaged.
    """
    brought = {field.name: field.default for field in option_fields(ProbeOptions)}
    for name, usual in brought.items():
        if getattr(options, name) != usual:
            raise UsageProblem(
                f"is {getattr(options, name)!r}, and the student brings its own",
                where=name,
                remedy="Leave it out, or leave out the student: a new one starts from the encoder",
            )
    if student.format != "torch" or not student.intents:
        what = f"has the format {student.format!r}" if student.intents else "is an encoder without a head"
        raise WorkbenchError(
            f"{what}, which cannot be trained further",
            where=student.path,
            remedy="Give a model that a trainer made as student, or a base model as encoder",
        )
    classifier = IntentClassifier.load(student)
    out.mkdir(parents=True, exist_ok=True)
    copy_tokenizer(student.path, out, classifier.encoder.get_input_embeddings().num_embeddings)
    chosen = {name: value for name, value in as_json(options, key_only=True).items() if name not in brought}
    history = {"step": step, "options": chosen, "libraries": versions()}
    return dataclasses.replace(student, path=out, history=(*student.history, history)), classifier


def versions() -> dict[str, str]:
    """The installed versions of the libraries that training depends on."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def copy_tokenizer(source: Path, out: Path, rows: int) -> None:
    """Write the encoder's tokenizer into `out` as tokenizer.json, without padding or truncation.

    Raises:
        WorkbenchError: there is none, or it knows tokens beyond the `rows` of the encoder's embedding table.
    """
    if not any((source / name).is_file() for name in VOCABULARIES):
        raise WorkbenchError(
            "holds no tokenizer: tokenizer.json is missing",
            where=source,
            remedy="Copy tokenizer.json, or the vocabulary, from where the encoder came from",
        )
    tokenizer = open_tokenizer(source)
    tokens = max(tokenizer.get_vocab().values(), default=-1) + 1
    if tokens > rows:
        raise WorkbenchError(
            f"has a tokenizer of {tokens} tokens, and an encoder with embeddings of {rows}",
            where=source,
            remedy="They do not belong together: copy the encoder's folder again",
        )
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(out)


def finish(model: Model, classifier: IntentClassifier, figures: Mapping[str, Any]) -> Model:
    """Write weights, head and `workbench.json`; `figures` go into the history."""
    assert classifier.head is not None
    classifier.encoder.save_pretrained(model.path)
    Head(classifier.head.weight.detach().numpy(), classifier.head.bias.detach().numpy()).save(model.path)
    last = {**model.history[-1], **figures}
    return dataclasses.replace(model, history=(*model.history[:-1], last)).save()
