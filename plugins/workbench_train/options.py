"""The trainers' options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.api import option


@dataclass(frozen=True)
class ZeroShotOptions:
    """The encoder and how it is used; every trainer has these."""

    encoder: str = option("minilm", "base model: a short name, a folder or a name on the hub", kind="encoder")
    prefix: str | None = option(None, "put before every text; none = as the encoder's authors say")
    pooling: Literal["mean", "cls"] | None = option(None, "token vectors to one; none = as the encoder's authors say")
    max_length: int = option(128, "tokens of a text that are read, at most what the encoder can take", ge=4)


@dataclass(frozen=True)
class ProbeOptions(ZeroShotOptions):
    """The linear head of a frozen encoder."""

    C: float = option(20.0, "inverse strength of the head's L2 regularisation", ge=1e-6)


@dataclass(frozen=True)
class FinetuneOptions(ProbeOptions):
    """Training of encoder and head."""

    epochs: int = option(5, "times that every train row is seen", ge=1)
    batch_size: int = option(32, "rows a step", ge=1)
    encoder_lr: float = option(1e-4, "highest learning rate of the encoder", ge=0.0)
    head_lr: float = option(1e-3, "highest learning rate of the head", ge=0.0)
    warmup: float = option(
        0.06, "share of the steps in which the learning rate rises; then it falls linearly to 0", ge=0.0, le=1.0
    )
    dropout: bool = option(True, "the encoder's dropout, as its configuration says, while it is trained")
    weight_decay: float = option(0.01, "AdamW's, on matrices only", ge=0.0)
    label_smoothing: float = option(0.05, "share of the target that goes to the other intents", ge=0.0, le=0.99)
    averaging: float = option(
        0.99,
        "decay of the moving average of the weights, which is what is evaluated and kept; 0 = the weights themselves",
        ge=0.0,
        le=0.9999,
    )
    max_grad_norm: float = option(1.0, "gradients are scaled down to this norm", ge=1e-6)
    evaluate_every: float = option(0.5, "share of an epoch between two evaluations on dev", ge=0.001)
    patience: int | None = option(6, "evaluations without a better one before it stops; none = never", ge=1)
    bf16: bool = option(False, "bfloat16 autocast: faster on CPUs that have it")


@dataclass(frozen=True)
class DistilOptions(FinetuneOptions):
    """Training of a student by teachers."""

    label_smoothing: float = option(
        0.0, "of the hard labels: share of the target that goes to the other intents", ge=0.0, le=0.99
    )
    teachers: tuple[str, ...] = option((), "models, bundles or runs whose mean answer is learned", kind="path")
    student: str | None = option(
        None,
        "a trained model to go on from, with its head, tokenizer, prefix and max length; none = start from the encoder",
        kind="path",
    )
    temperature: float = option(2.0, "softens the answers of teachers and student", ge=0.1)
    hard_share: float = option(0.3, "share of the loss that is cross-entropy with the labels", ge=0.0, le=1.0)
    hidden_weight: float = option(
        0.0,
        "weight of a further loss, by how far the student's last hidden states are from its teacher's; it needs one "
        "teacher, a torch model with states of the same size",
        ge=0.0,
    )
    extra: str | None = option(None, "a file of texts without labels, one a line, to learn from too", kind="path")
