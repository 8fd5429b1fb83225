"""Reports: what was measured of a model on a split, and what a budget made of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

from workbench.io.shapes import NUMBER
from workbench.nouns.utterance import Intent, Utterance
from workbench.quality.calibration import Calibration
from workbench.quality.invariance import Invariance

if TYPE_CHECKING:
    from workbench.nouns.predictor import Floats

NOTED = {"texts": (str,), "rows": (int,), "agreement": NUMBER, "max_logit_difference": NUMBER}  # of a pass's parity


@dataclass(frozen=True)
class Scored:
    """What metrics look at: rows of one split and a model's logits for them.

    Args:
        rows: n utterances, each with an intent.
        truth: the index of each row's intent, n numbers.
        logits: float32 [n, intents].
        intents: the order of the logits.
        temperature: divides the logits before they become probabilities.
    """

    rows: tuple[Utterance, ...]
    truth: tuple[int, ...]
    logits: Floats
    intents: tuple[Intent, ...]
    temperature: float = 1.0


@dataclass(frozen=True)
class Report:
    """One model on one split.

    Args:
        subject: what was measured, such as `finetune`, `probe`, `names` or `bundle`.
        split: `dev` or `test`.
        rows: how many rows were scored.
        metrics: numbers by name; shares are between 0 and 1.
        details: whatever else the metrics say, as JSON.
    """

    subject: str
    split: str
    rows: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """The report that `to_json` wrote."""
        return cls(**value)


@dataclass(frozen=True)
class PassParity:
    """How near a pass's model answers to the one that the pass was given.

    Args:
        step: the pass.
        texts: where the texts come from: `dev`, `train`, `calibration`, or `made-up words`.
        rows: how many were compared.
        agreement: share of them with the same first intent.
        max_logit_difference: largest absolute difference of a logit.
    """

    step: str
    texts: str
    rows: int
    agreement: float
    max_logit_difference: float

    @classmethod
    def from_history(cls, history: Sequence[Mapping[str, Any]]) -> tuple[PassParity, ...]:
        """Those of a model's history, from torch to the served graph; see `Parity.note`.

        A third party's step may call something else `parity`; it is passed over.
        """
        noted = [(step, step.get("parity")) for step in history]
        return tuple(cls(str(step.get("step")), **parity) for step, parity in noted if _is_noted(parity))


def _is_noted(parity: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is what `Parity.note` gives."""
    return (
        isinstance(parity, Mapping)
        and set(parity) == set(NOTED)
        and all(type(parity[name]) in kinds for name, kinds in NOTED.items())
    )


@dataclass(frozen=True)
class Measurement:
    """What budgets look at: the bundle beside the uncompressed model, on the same dev rows.

    Args:
        bundle: the report of the bundle.
        baseline: the report of the uncompressed model.
        rows: how many rows parity was measured on.
        agreement: share of the rows with the same first intent.
        max_logit_difference: largest absolute difference of a logit.
        size: bytes of the bundle.
        invariance: its answers to texts alone and among others; None in what older versions measured.
        legs: parity of each pass with what came before it, as the passes noted it.
        facts: of the served model, as its runtime tells them.
        calibration: its temperature, and that of the uncompressed model; None where none was fitted.
        titles: of facts, in English and in Chinese.
    """

    bundle: Report
    baseline: Report
    rows: int
    agreement: float
    max_logit_difference: float
    size: int
    invariance: Invariance | None = None
    legs: tuple[PassParity, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    calibration: Calibration | None = None
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def title(self, fact: str) -> tuple[str, str]:
        """What a fact is called in English and in Chinese; one without words goes by its name."""
        plain = fact.replace("_", " ")
        return self.titles.get(fact, (plain, plain))

    def to_json(self) -> dict[str, Any]:
        """The measurement as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Measurement:
        """The measurement that `to_json` wrote."""
        reports = {name: Report.from_json(value[name]) for name in ("bundle", "baseline")}
        legs = tuple(PassParity(**leg) for leg in value.get("legs", ()))
        invariance = Invariance(**found) if (found := value.get("invariance")) else None
        calibration = Calibration.from_json(found) if (found := value.get("calibration")) else None
        titles = {name: (english, chinese) for name, (english, chinese) in value.get("titles", {}).items()}
        judged = {"invariance": invariance, "legs": legs, "titles": titles, "calibration": calibration}
        return cls(**{**value, **reports, **judged})


@dataclass(frozen=True)
class Figure:
    """What a budget found: its value against its limit.

    Args:
        name: the budget's key in `[gate]`.
        value: what was measured.
        limit: what the recipe allows.
        unit: `points`, `MB`, `share`, `texts` or "".
        kept: whether the budget holds.
    """

    name: str
    value: float
    limit: float
    unit: str
    kept: bool

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.name}: {self.value:.4g}{unit}, budget {self.limit:g}{unit}, {'kept' if self.kept else 'BROKEN'}"

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON."""
        return dataclasses.asdict(self)
