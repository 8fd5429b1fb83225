"""The passes' options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workbench.api import option

# On BANKING77 (MiniLM-L6, 0.939 on dev; tests/benchmarks/importance.py) a quarter of the neurons, unrecovered, keeps
# 0.926 to 0.930 by `output` and 0.818 to 0.844 by `fisher`; half of the heads keep alike, with a divergence of 0.04
# against 0.05 to 0.08.
WHICH = (
    "which stay: output, those that the others cannot stand in for, the better choice where much goes; fisher, those "
    "on which the loss depends most by itself"
)


def _texts() -> Any:
    return option(
        None,
        "a file of texts, one a line, instead of the dataset's rows; where labels matter, the model's own answers "
        "count, which is weaker",
        kind="path",
    )


@dataclass(frozen=True)
class LayersOptions:
    """Options of the pass `drop-layers`."""

    keep: str | None = option(None, 'the layers that stay, counted from 0: "0,2,5"; none = as choose says')
    layers: int | None = option(None, "how many layers stay; none = half of them", ge=1)
    choose: Literal["measured", "evenly"] = option(
        "measured",
        "leave out, one after another, the layer without which the loss is least; or keep evenly spaced ones",
    )
    rows: int = option(512, "rows of dev, else of train, on which the loss is measured", ge=1)
    texts: str | None = _texts()


@dataclass(frozen=True)
class FfnOptions:
    """Options of the pass `prune-ffn`."""

    width: int | None = option(None, "neurons of a layer that stay, a multiple of 32; none = as share says", ge=1)
    share: float = option(0.5, "share of the neurons that stay, to the next multiple of 32", ge=0.0, le=1.0)
    measure: Literal["output", "fisher"] = option("output", WHICH)
    rows: int = option(1024, "rows of train on which that is measured", ge=1)
    texts: str | None = _texts()
    correct: bool = option(True, "fit the weights behind the neurons that stay to what all of them gave")


@dataclass(frozen=True)
class HeadsOptions:
    """Options of the pass `prune-heads`."""

    heads: int | None = option(None, "attention heads of a layer that stay; none = half of them", ge=1)
    measure: Literal["output", "fisher"] = option("output", WHICH)
    rows: int = option(1024, "rows of train on which that is measured", ge=1)
    texts: str | None = _texts()
    correct: bool = option(True, "fit the weights behind the heads that stay to what all of them gave")


MeasureOptions = LayersOptions | FfnOptions | HeadsOptions


@dataclass(frozen=True)
class VocabularyOptions:
    """Options of the pass `trim-vocab`."""

    background: str | None = option(None, "a file of words or texts whose tokens stay too, one a line", kind="path")
    common: int = option(
        0, "the tokenizer's most common tokens that stay too, of each script by its share of the data's tokens", ge=0
    )
    characters: Literal["script", "all", "seen"] = option(
        "script",
        "single characters that stay: all letters of the scripts that the data is written in, or all there are, or the "
        "data's own, ASCII and punctuation; others become the unknown token, or bytes where the tokenizer has them",
    )
    common_characters: int = option(
        3000, "with characters = seen: further letters of the data's scripts that stay, the tokenizer's first", ge=0
    )


@dataclass(frozen=True)
class RecoverOptions:
    """Options of the pass `recover`: its teacher, and what it hands to the trainer that distils."""

    teacher: str | None = option(
        None, "a model, bundle or run whose answers are learned; none = the model before the first pass", kind="path"
    )
    epochs: int = option(5, "times that every train row is seen", ge=1)
    batch_size: int = option(32, "rows a step", ge=1)
    encoder_lr: float = option(5e-4, "highest learning rate of the encoder", ge=0.0)
    head_lr: float = option(1e-3, "highest learning rate of the head", ge=0.0)
    warmup: float = option(0.06, "share of the steps in which the learning rate rises", ge=0.0, le=1.0)
    averaging: float = option(0.99, "decay of the moving average of the weights", ge=0.0, le=0.9999)
    dropout: bool = option(
        False,
        "the encoder's dropout while it is trained; with it, answers to other texts become less like the teacher's",
    )
    temperature: float = option(2.0, "softens the answers of both models", ge=0.1)
    hard_share: float = option(0.3, "share of the loss that is cross-entropy with the labels", ge=0.0, le=1.0)
    hidden_weight: float = option(
        5.0,
        "weight of how far the last hidden states are from the teacher's; without effect where the teacher is no torch "
        "model with states of the same size",
        ge=0.0,
    )
    extra: str | None = option(None, "a file of texts without labels, one a line, to learn from too", kind="path")
    evaluate_every: float = option(0.5, "share of an epoch between two evaluations on dev", ge=0.001)
    patience: int | None = option(6, "evaluations without a better one before it stops; none = never", ge=1)
    bf16: bool = option(False, "bfloat16 autocast: faster on CPUs that have it")
