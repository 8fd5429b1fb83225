"""The model before its training: its folder has the tokenizer, and weights and head follow at the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.api import (
    Context,
    Dataset,
    Model,
    UsageProblem,
    WorkbenchError,
    find_encoder,
    history_step,
    option_fields,
    token_limit,
)
from workbench.api.torch import IntentClassifier, open_encoder, save_classifier, write_tokenizer
from workbench_train.options import DistilOptions, ProbeOptions, ZeroShotOptions

LIBRARIES = ("torch", "transformers", "tokenizers", "scikit-learn")


@dataclass(frozen=True)
class ModelDraft:
    """A model that is to be trained.

    Args:
        model: its folder holds the tokenizer; its history lacks the training.
        step: of the history, without the training's figures.
        classifier: its network, which is trained in place.
    """

    model: Model
    step: Mapping[str, Any]
    classifier: IntentClassifier

    def finish(self, figures: Mapping[str, Any]) -> Model:
        """Write weights, head and `workbench.json`; `figures` go into the history."""
        save_classifier(self.classifier, self.model.path)
        return self.model.derive(self.model.path, {**self.step, **figures})


def new_draft(dataset: Dataset, out: Path, options: ZeroShotOptions, context: Context, name: str) -> ModelDraft:
    """Start from a base encoder, without a head.

    Layers that the encoder's weights lack, such as RoBERTa's pooler, are drawn at random: call this in a `seeded`
    block.

    Args:
        dataset: gives task, intents and normalization.
        out: the folder of the model.
        options: the encoder and how it is used.
        context: its host knows the encoders' short names.
        name: of the trainer.

    Raises:
        WorkbenchError: the encoder is not on this machine or is damaged, or has no fast tokenizer or one of another
            encoder.
    """
    found = find_encoder(options.encoder, context.host.registry("encoders"))
    encoder = open_encoder(found.path)
    write_tokenizer(found.path, out, encoder.get_input_embeddings().num_embeddings)
    prefix = found.prefix if options.prefix is None else options.prefix
    pooling = options.pooling or found.pooling
    step = history_step(
        name, options, LIBRARIES, encoder=found.name, encoder_sha256=found.digest(), licence=found.licence
    )
    step["options"] |= {"encoder": found.name, "prefix": prefix, "pooling": pooling}
    model = Model(
        path=out,
        format="torch",
        task=dataset.task,
        intents=dataset.intents,
        prefix=prefix,
        pooling=pooling,
        max_length=min(options.max_length, token_limit(found.path)),
        normalization=dataset.normalization,
    )
    return ModelDraft(model, step, IntentClassifier(encoder, None, pooling, model.pad_id))


def draft_from(student: Model, out: Path, options: DistilOptions, name: str) -> ModelDraft:
    """Start from a trained model, with its head.

    Raises:
        UsageProblem: an option sets what the student brings itself.
        WorkbenchError: the student is no trained torch model, or is damaged.
    """
    own = {field.name: field.default for field in option_fields(ProbeOptions)}
    for option, default in own.items():
        if getattr(options, option) != default:
            raise UsageProblem(
                f"is {getattr(options, option)!r}, and the student brings its own",
                where=option,
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
    write_tokenizer(student.path, out, classifier.encoder.get_input_embeddings().num_embeddings)
    step = history_step(name, options, LIBRARIES)
    step["options"] = {option: value for option, value in step["options"].items() if option not in own}
    return ModelDraft(dataclasses.replace(student, path=out), step, classifier)
