"""Calibration: the temperature under which a model's probabilities say how often it is right.

Logits are divided by it (Guo et al. 2017, arXiv 1706.04599). One that was fitted on the uncompressed model need not
suit the compressed one, whose logits are others: it is fitted anew, and both are compared.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.nouns.predictor import probabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.nouns.predictor import Floats

LEAST, MOST = 0.05, 20.0  # of a temperature; beyond, all probability is on one intent or spread over all
HALVINGS = 60
BINS = 15
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CalibrationScores:
    """What probabilities are worth.

    Args:
        temperature: that the logits were divided by.
        log_loss: mean of minus the logarithm of the right intent's probability, nats.
        error: expected calibration error, a share: how far, on average over 15 bins of the score, the share of right
            answers is from the mean score.
    """

    temperature: float
    log_loss: float
    error: float


@dataclass(frozen=True)
class Calibration:
    """The served model's probabilities on dev in three ways.

    Args:
        rows: of dev, on which temperatures were fitted and all was measured.
        plain: without a temperature.
        carried: with the one that was fitted on the uncompressed model.
        fitted: with its own.
    """

    rows: int
    plain: CalibrationScores
    carried: CalibrationScores
    fitted: CalibrationScores

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Calibration:
        """The calibration of which `value` is `dataclasses.asdict`."""
        ways = {name: CalibrationScores(**value[name]) for name in ("plain", "carried", "fitted")}
        return cls(rows=value["rows"], **ways)

    def __str__(self) -> str:
        return (
            f"temperature {self.fitted.temperature:g}, fitted on {self.rows:,} dev rows: the expected calibration "
            f"error there is {self.fitted.error:.2%}, and {self.plain.error:.2%} without it"
        )


def calibrate(logits: Floats, baseline: Floats, truth: Sequence[int]) -> Calibration:
    """Fit temperatures on both models' logits float32 [n, intents] for the same rows, at least one.

    Args:
        logits: of the model that is served.
        baseline: of the uncompressed one.
        truth: index of each row's intent.
    """
    own, other = fit_temperature(logits, truth), fit_temperature(baseline, truth)
    if own in (LEAST, MOST):
        logger.warning(
            "the temperature stands at its bound, %g: %d dev rows ask for one beyond, so that scores say less than "
            "they could of how often answers are right",
            own,
            len(truth),
        )
    plain, carried, fitted = (calibration_scores(logits, truth, temperature) for temperature in (1.0, other, own))
    return Calibration(len(truth), plain, carried, fitted)


def fit_temperature(logits: Floats, truth: Sequence[int]) -> float:
    """The temperature with the least log loss, from 0.05 to 20, to four digits.

    A row's target is its intent with n of n + 1 parts for n rows, and all intents evenly with the other part: so no
    number of right answers makes the model certain, and fewer make it less sure. Platt's targets (1999, "Probabilistic
    outputs for support vector machines", section 2.2) do the same for two classes.

    The loss is convex in the inverse temperature b; its slope there is what the mean over b's probabilities of a row's
    logits is above their mean over its target.
    """
    import numpy as np

    values = logits.astype(np.float64)
    right = values[np.arange(len(truth)), truth]
    wanted = (len(truth) * right + values.mean(1)) / (len(truth) + 1)

    def slope(inverse: float) -> float:
        return float(((probabilities(logits, 1 / inverse) * values).sum(1) - wanted).mean())

    low, high = 1 / MOST, 1 / LEAST
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(f"{1 / (low * high) ** 0.5:.4g}")


def calibration_scores(logits: Floats, truth: Sequence[int], temperature: float) -> CalibrationScores:
    """How good the probabilities of logits float32 [n, intents] are under a temperature."""
    import numpy as np

    shares = probabilities(logits, temperature)
    rows = np.arange(len(truth))
    loss = -np.log(np.maximum(shares[rows, truth], np.finfo(np.float64).tiny)).mean()
    score, right = shares.max(1), shares.argmax(1) == np.asarray(truth)
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = [abs((right[bins == number] - score[bins == number]).sum()) for number in range(BINS)]
    return CalibrationScores(temperature, float(loss), float(sum(gaps) / len(rows)))
