"""Reports: metrics of a model on a split, measurements of a bundle, and results of budgets."""

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

# the entry `parity` in a pass's history step
PARITY = {"texts": (str,), "rows": (int,), "agreement": NUMBER, "max_logit_difference": NUMBER}


@dataclass(frozen=True)
class Scored:
    """Labelled rows of one split and a model's logits for them: the input of metrics.

    Args:
        rows: n utterances, each with an intent.
        truth: n indices, each row's intent in `intents`.
        logits: float32 [n, intents].
        intents: the order of the logits.
        temperature: divisor of the logits before softmax.
    """

    rows: tuple[Utterance, ...]
    truth: tuple[int, ...]
    logits: Floats
    intents: tuple[Intent, ...]
    temperature: float = 1.0


@dataclass(frozen=True)
class Report:
    """Metrics of one model on one split.

    Args:
        subject: name of the trainer, `baseline`, or `bundle`.
        split: `train`, `dev` or `test`.
        rows: number of scored rows.
        metrics: numbers by name; shares are between 0 and 1.
        details: other results of the metrics, as JSON.
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
        """Build a report from the result of `to_json`."""
        return cls(**value)


@dataclass(frozen=True)
class PassParity:
    """Parity of a pass: its output model compared with its input model.

    Args:
        step: name of the pass.
        texts: origin of the texts: `dev`, `train`, `calibration`, or `made-up words`.
        rows: number of compared texts.
        agreement: share of texts for which both models predict the same intent.
        max_logit_difference: largest absolute difference of a logit.
    """

    step: str
    texts: str
    rows: int
    agreement: float
    max_logit_difference: float

    @classmethod
    def from_history(cls, history: Sequence[Mapping[str, Any]]) -> tuple[PassParity, ...]:
        """Collect the parity of each pass in a model's history, oldest first; see `Parity.note`.

        Steps of third parties are skipped if their entry `parity` has another form.
        """
        entries = [(step, step.get("parity")) for step in history]
        return tuple(cls(str(step.get("step")), **parity) for step, parity in entries if _is_parity(parity))


def _is_parity(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value has the form that `Parity.note` returns."""
    return (
        isinstance(value, Mapping)
        and set(value) == set(PARITY)
        and all(type(value[name]) in kinds for name, kinds in PARITY.items())
    )


@dataclass(frozen=True)
class Measurement:
    """The bundle compared with the baseline model on the same rows: the input of budgets.

    Args:
        bundle: the report of the bundle.
        baseline: the report of the baseline model.
        rows: number of compared rows.
        agreement: share of rows for which both models predict the same intent.
        max_logit_difference: largest absolute difference of a logit.
        size: size of the bundle in bytes.
        invariance: result of the batch invariance check; None in measurements of older versions.
        legs: parity of each pass with its input model, from the model's history.
        facts: figures of the served model from its runtime, such as the number of graph nodes.
        calibration: temperatures of the bundle and of the baseline model; None if no temperature was fitted.
        titles: name of a fact -> its title in English and in Chinese.
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
        """Title of a fact in English and in Chinese; the fact's name if the runtime gives no title."""
        plain = fact.replace("_", " ")
        return self.titles.get(fact, (plain, plain))

    def to_json(self) -> dict[str, Any]:
        """The measurement as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Measurement:
        """Build a measurement from the result of `to_json`."""
        reports = {name: Report.from_json(value[name]) for name in ("bundle", "baseline")}
        legs = tuple(PassParity(**leg) for leg in value.get("legs", ()))
        invariance = Invariance(**found) if (found := value.get("invariance")) else None
        calibration = Calibration.from_json(found) if (found := value.get("calibration")) else None
        titles = {name: (english, chinese) for name, (english, chinese) in value.get("titles", {}).items()}
        optional = {"invariance": invariance, "legs": legs, "titles": titles, "calibration": calibration}
        return cls(**{**value, **reports, **optional})


@dataclass(frozen=True)
class Figure:
    """Result of a budget: the measured value and its limit.

    Args:
        name: the budget's key in `[gate]`.
        value: the measured value.
        limit: the limit from the recipe.
        unit: unit of value and limit: `points`, `MB`, `share`, `texts` or "".
        kept: whether the value is within the limit.
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
