"""Calibration: temperature scaling (Guo et al. 2017, arXiv 1706.04599).

Logits are divided by a temperature, so that probabilities match the share of right predictions. Compression changes
the logits, so the temperature is fitted again on the compressed model. The baseline model's temperature is measured
too, for comparison.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.nouns.predictor import probabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.nouns.predictor import Floats

# beyond these temperatures one intent has almost all probability, or all intents have almost the same
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
HALVINGS = 60
BINS = 15
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CalibrationScores:
    """Quality of probabilities under a temperature.

    Args:
        temperature: divisor of the logits.
        log_loss: mean of -log(probability of the right intent), in nats.
        error: expected calibration error, 0 to 1: mean distance between accuracy and mean score over 15 bins of the
            score, weighted by the bins' rows.
    """

    temperature: float
    log_loss: float
    error: float


@dataclass(frozen=True)
class Calibration:
    """Quality of the served model's probabilities on dev under three temperatures.

    Args:
        rows: number of dev rows for fitting and measuring.
        plain: temperature 1.
        carried: temperature of the baseline model.
        fitted: temperature of the served model itself.
    """

    rows: int
    plain: CalibrationScores
    carried: CalibrationScores
    fitted: CalibrationScores

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Calibration:
        """Build a calibration from the result of `dataclasses.asdict`."""
        ways = {name: CalibrationScores(**value[name]) for name in ("plain", "carried", "fitted")}
        return cls(rows=value["rows"], **ways)

    def __str__(self) -> str:
        return (
            f"temperature {self.fitted.temperature:g}, fitted on {self.rows:,} dev rows: expected calibration error "
            f"{self.fitted.error:.2%} on these rows, {self.plain.error:.2%} without a temperature"
        )


def calibrate(logits: Floats, baseline: Floats, truth: Sequence[int]) -> Calibration:
    """Fit temperatures on the logits of two models for the same n rows, n >= 1.

    Args:
        logits: logits of the served model, float32 [n, intents].
        baseline: logits of the baseline model, float32 [n, intents].
        truth: n indices, each row's intent.
    """
    own, other = fit_temperature(logits, truth), fit_temperature(baseline, truth)
    if own in (MIN_TEMPERATURE, MAX_TEMPERATURE):
        logger.warning(
            "the best temperature on %d dev rows is beyond the bound %g, so the scores are not well calibrated",
            len(truth),
            own,
        )
    plain, carried, fitted = (calibration_scores(logits, truth, temperature) for temperature in (1.0, other, own))
    return Calibration(len(truth), plain, carried, fitted)


def fit_temperature(logits: Floats, truth: Sequence[int]) -> float:
    """Fit the temperature with the smallest log loss, between 0.05 and 20, to four digits.

    Targets are smoothed. For n rows, a target gives the weight n / (n + 1) to the row's intent. The weight 1 / (n + 1)
    is spread evenly over all intents. So the model is never certain, and fewer rows make the model less certain. Platt
    (1999, "Probabilistic outputs for support vector machines", section 2.2) smooths the targets of two classes.

    The loss is convex in the inverse temperature b. Its slope is the mean over rows of p(b)·logits - target·logits,
    where p(b) are the probabilities under b.

    Args:
        logits: float32 [n, intents].
        truth: n indices, each row's intent.
    """
    import numpy as np

    values = logits.astype(np.float64)
    right = values[np.arange(len(truth)), truth]
    target = (len(truth) * right + values.mean(1)) / (len(truth) + 1)

    def slope(inverse: float) -> float:
        return float(((probabilities(logits, 1 / inverse) * values).sum(1) - target).mean())

    low, high = 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(f"{1 / (low * high) ** 0.5:.4g}")


def calibration_scores(logits: Floats, truth: Sequence[int], temperature: float) -> CalibrationScores:
    """Measure the probabilities of logits float32 [n, intents] under a temperature.

    Args:
        logits: float32 [n, intents].
        truth: n indices, each row's intent.
        temperature: divisor of the logits.
    """
    import numpy as np

    shares = probabilities(logits, temperature)
    rows = np.arange(len(truth))
    loss = -np.log(np.maximum(shares[rows, truth], np.finfo(np.float64).tiny)).mean()
    score, right = shares.max(1), shares.argmax(1) == np.asarray(truth)
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = [abs((right[bins == number] - score[bins == number]).sum()) for number in range(BINS)]
    return CalibrationScores(temperature, float(loss), float(sum(gaps) / len(rows)))
