"""Recommend an encoder and a trainer, and estimate the cost of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, locate_encoder
from workbench.api.io import read_json
from workbench.api.machine import cores

if TYPE_CHECKING:
    from workbench.api import Encoder, Host
    from workbench_quickstart.survey import Survey

FEWEST = 8  # rows per intent (median); with fewer rows, a fine-tune is hardly better than a probe
EPOCHS = 5
PASSES = 3  # forward; backward costs as much as two
SPEED = 38e9  # operations per second and core: a fine-tune of MiniLM on one core of an EPYC Zen 4 (AVX-512)
FIXED_MINUTES = 1.0  # baselines, export, quantization, gate
FIXED_GB = 0.8  # memory of torch and transformers
BYTES = 16  # per parameter in training: weights, gradients, two moments of Adam
INSIDE = 0.78  # share of the parameters outside the word embeddings, for an encoder without a folder here


@dataclass(frozen=True)
class Advice:
    """A recommendation with its reasons and its cost.

    Args:
        encoder: short name, folder or hub name of the encoder.
        trainer: name of the trainer.
        reasons: reasons of the recommendation, one sentence each.
        minutes: duration of a run on this machine.
        gigabytes: peak memory.
        megabytes: size of the int8 bundle.
    """

    encoder: str
    trainer: str
    reasons: tuple[str, ...]
    minutes: float
    gigabytes: float
    megabytes: float

    def lines(self) -> list[str]:
        """Describe the recommendation, one sentence per line."""
        return [
            *self.reasons,
            f"expect about {max(1, round(self.minutes)):,} min on this machine's {cores()} cores, "
            f"{self.gigabytes:.1f} GB of memory and a bundle of {self.megabytes:.0f} MB",
        ]


def advise(survey: Survey, host: Host, encoder: str | None = None, trainer: str | None = None) -> Advice:
    """Recommend the encoder and the trainer, unless the user chose them.

    Args:
        survey: counts of the dataset.
        host: has the registry of encoders.
        encoder: the user's choice; None = recommend an encoder.
        trainer: the user's choice; None = recommend a trainer.

    Raises:
        UsageProblem: the chosen encoder does not support a language of the texts.
    """
    known: Mapping[str, Encoder] = host.registry("encoders")
    reasons: list[str] = []
    if encoder is None:
        encoder, reason = _encoder(survey, known)
        reasons.append(reason)
    else:
        check_languages(encoder, survey.languages, known)
    if trainer is None:
        trainer = "probe" if survey.median < FEWEST else "finetune"
        few = trainer == "probe"
        gain = f"with fewer than {FEWEST}, a fine-tune is hardly better" if few else "enough to fine-tune"
        reasons.append(f"trainer {trainer}: the median intent has {survey.median:,.0f} rows; {gain}")
    parameters, inside = _parameters(encoder, known)
    epochs = EPOCHS * PASSES if trainer == "finetune" else 1
    operations = 2 * inside * survey.tokens * (survey.rows - survey.unlabelled) * (epochs + 2)
    return Advice(
        encoder,
        trainer,
        tuple(reasons),
        minutes=FIXED_MINUTES + operations / (SPEED * cores()) / 60,
        gigabytes=FIXED_GB + (BYTES if trainer == "finetune" else 4) * parameters / 1e9,
        megabytes=parameters / 1e6,
    )


def check_languages(encoder: str, languages: Mapping[str, float], known: Mapping[str, Encoder]) -> None:
    """Check that a registered encoder supports the languages of the texts; other encoders pass.

    Raises:
        UsageProblem: the encoder does not support a language. The message names suitable encoders.
    """
    if encoder in known and (missing := _missing(known[encoder], languages)):
        suitable = [name for name, component in known.items() if not _missing(component, languages)]
        noun = "language" if len(missing) == 1 else "languages"
        raise UsageProblem(
            f"the encoder {encoder} does not support the {noun} {' and '.join(map(repr, missing))}",
            remedy=f"Set --encoder to a folder, or to one of {', '.join(suitable)}",
        )


def _missing(encoder: Encoder, languages: Mapping[str, float]) -> list[str]:
    return [] if "multi" in encoder.languages else [code for code in languages if code not in encoder.languages]


def _encoder(survey: Survey, known: Mapping[str, Encoder]) -> tuple[str, str]:
    """Return the smallest encoder for the languages, with precedence for encoders on this machine; and the reason."""
    suitable = sorted(
        (name for name, each in known.items() if not _missing(each, survey.languages)),
        key=lambda name: (known[name].parameters, name),
    )
    here = next((name for name in suitable if locate_encoder(known[name], name)), None)
    name = here or suitable[0]
    languages = " and ".join(survey.languages) or "the texts"
    where = (
        "on this machine" if here else "the first run downloads the encoder; without a network, see workbench doctor"
    )
    return name, f"encoder {name}: the smallest encoder for {languages}; {where}"


def _parameters(encoder: str, known: Mapping[str, Encoder]) -> tuple[float, float]:
    """Return the parameters of an encoder: all, and without the embeddings. An unknown encoder counts as MiniLM."""
    folder = locate_encoder(known[encoder], encoder) if encoder in known else None
    total = known[encoder].parameters * 1e6 if encoder in known else 22.7e6
    if folder is None:
        return total, INSIDE * total
    config = read_json(folder / "config.json")
    hidden, layers = config.get("hidden_size", 384), config.get("num_hidden_layers", 6)
    wide = config.get("intermediate_size", 4 * hidden)
    inside = layers * (4 * hidden * hidden + 2 * hidden * wide)
    return max(total, inside), inside
