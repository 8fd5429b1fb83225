"""Recommend an encoder and a trainer, and say what a run will cost."""

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

FEWEST = 8  # rows per intent (median) below which a fine-tune gains little over a probe
EPOCHS = 5
PASSES = 3  # forward, and backward twice as much
SPEED = 38e9  # operations per second and core, of MiniLM's fine-tune on one core of an EPYC Zen 4 (AVX-512)
FIXED_MINUTES = 1.0  # baselines, export, quantization, gate
FIXED_GB = 0.8  # torch and transformers
BYTES = 16  # per parameter while it is trained: weights, gradients, two moments of Adam
INSIDE = 0.78  # share of the parameters outside the word embeddings, where the encoder's folder is not at hand


@dataclass(frozen=True)
class Advice:
    """A recommendation with its reasons and its cost.

    Args:
        encoder: short name, or the name that the user gave.
        trainer: name of the trainer.
        why: the reasons, a sentence each.
        minutes: of a run on this machine.
        gigabytes: of memory at the most.
        megabytes: of the int8 bundle.
    """

    encoder: str
    trainer: str
    why: tuple[str, ...]
    minutes: float
    gigabytes: float
    megabytes: float

    def lines(self) -> list[str]:
        """The recommendation in words."""
        return [
            *self.why,
            f"expect about {max(1, round(self.minutes)):,} min on this machine's {cores()} cores, "
            f"{self.gigabytes:.1f} GB of memory and a bundle of {self.megabytes:.0f} MB",
        ]


def advise(survey: Survey, host: Host, encoder: str | None = None, trainer: str | None = None) -> Advice:
    """Recommend what the user did not choose.

    Args:
        survey: of the labelled rows.
        host: knows the encoders.
        encoder: the user's choice.
        trainer: the user's choice.

    Raises:
        UsageProblem: the chosen encoder does not know a language of the texts.
    """
    known: Mapping[str, Encoder] = host.registry("encoders")
    why: list[str] = []
    if encoder is None:
        encoder, reason = _encoder(survey, known)
        why.append(reason)
    else:
        check_languages(encoder, survey.languages, known)
    if trainer is None:
        trainer = "probe" if survey.median < FEWEST else "finetune"
        few = f"the median intent has {survey.median:,.0f} rows"
        gain = f"below {FEWEST} a fine-tune gains little over a probe" if trainer == "probe" else "enough to fine-tune"
        why.append(f"trainer {trainer}: {few}, {gain}")
    parameters, inside = _parameters(encoder, known)
    epochs = EPOCHS * PASSES if trainer == "finetune" else 1
    operations = 2 * inside * survey.tokens * (survey.rows - survey.unlabelled) * (epochs + 2)
    return Advice(
        encoder,
        trainer,
        tuple(why),
        minutes=FIXED_MINUTES + operations / (SPEED * cores()) / 60,
        gigabytes=FIXED_GB + (BYTES if trainer == "finetune" else 4) * parameters / 1e9,
        megabytes=parameters / 1e6,
    )


def check_languages(encoder: str, languages: Mapping[str, float], known: Mapping[str, Encoder]) -> None:
    """Refuse a known encoder that does not know a language of the texts.

    Raises:
        UsageProblem: with the encoders that know the languages.
    """
    if encoder in known and (missing := _missing(known[encoder], languages)):
        fitting = [name for name, each in known.items() if not _missing(each, languages)]
        raise UsageProblem(
            f"the encoder {encoder} does not know {' and '.join(map(repr, missing))}",
            remedy=f"Give --encoder with a folder, or one of {', '.join(fitting)}",
        )


def _missing(encoder: Encoder, languages: Mapping[str, float]) -> list[str]:
    return [] if "multi" in encoder.languages else [code for code in languages if code not in encoder.languages]


def _encoder(survey: Survey, known: Mapping[str, Encoder]) -> tuple[str, str]:
    """The smallest encoder that knows the languages, one on this machine before others; and the reason."""
    fitting = sorted(
        (name for name, each in known.items() if not _missing(each, survey.languages)),
        key=lambda name: (known[name].parameters, name),
    )
    here = next((name for name in fitting if locate_encoder(known[name], name)), None)
    name = here or fitting[0]
    languages = " and ".join(survey.languages) or "the texts"
    where = "it is on this machine" if here else "it is downloaded at the first run, or copied: see workbench doctor"
    return name, f"encoder {name}: the smallest that knows {languages}; {where}"


def _parameters(encoder: str, known: Mapping[str, Encoder]) -> tuple[float, float]:
    """Parameters of an encoder, and those of them outside the embeddings; of MiniLM's size where nothing is known."""
    folder = locate_encoder(known[encoder], encoder) if encoder in known else None
    total = known[encoder].parameters * 1e6 if encoder in known else 22.7e6
    if folder is None:
        return total, INSIDE * total
    config = read_json(folder / "config.json")
    hidden, layers = config.get("hidden_size", 384), config.get("num_hidden_layers", 6)
    wide = config.get("intermediate_size", 4 * hidden)
    inside = layers * (4 * hidden * hidden + 2 * hidden * wide)
    return max(total, inside), inside
