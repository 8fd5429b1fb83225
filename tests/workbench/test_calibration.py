"""Temperatures: fitted where the log loss is least, and compared with one that was fitted on another model."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.nouns.predictor import probabilities
from workbench.quality.calibration import (
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    calibrate,
    calibration_scores,
    fit_temperature,
)


def answered(rows: int, sharpness: float) -> tuple[np.ndarray, list[int]]:
    """Logits [rows, 4], and truths drawn from softmax(logits / sharpness)."""
    rng = np.random.default_rng(0)
    logits = (3 * rng.normal(size=(rows, 4))).astype(np.float32)
    scaled = np.exp(logits / sharpness)
    shares = scaled / scaled.sum(1, keepdims=True)
    return logits, [int(rng.choice(4, p=row)) for row in shares]


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_the_temperature_that_truths_were_drawn_with_is_found(sharpness):
    logits, truth = answered(20_000, sharpness)
    assert fit_temperature(logits, truth) == pytest.approx(sharpness, rel=0.05)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_no_other_temperature_has_less_log_loss(sharpness):
    logits, truth = answered(5_000, sharpness)
    fitted = fit_temperature(logits, truth)
    least = calibration_scores(logits, truth, fitted).log_loss
    assert all(
        least <= calibration_scores(logits, truth, fitted * factor).log_loss for factor in (0.8, 0.95, 1.05, 1.25)
    )


@pytest.mark.parametrize("rows", [1, 50, 1000])
@pytest.mark.parametrize("gap", [0.5, 9.0])
def test_rows_that_are_all_right_make_nothing_certain(rows, gap):
    logits = np.tile(np.array([[gap, 0, 0, 0]], np.float32), (rows, 1))
    fitted = fit_temperature(logits, [0] * rows)
    assert probabilities(logits, fitted)[0, 0] == pytest.approx((rows + 1 / 4) / (rows + 1), abs=1e-3)


def test_how_large_logits_are_changes_no_probability():
    logits, truth = answered(200, 1.0)
    assert fit_temperature(4 * logits, truth) == pytest.approx(4 * fit_temperature(logits, truth), rel=1e-3)


@pytest.mark.parametrize(
    ("truth", "scale", "bound"),
    [([0, 1], 1, None), ([1, 0], 1, MAX_TEMPERATURE), ([0, 1], 1e-3, MIN_TEMPERATURE), ([0, 1], 1e3, MAX_TEMPERATURE)],
)
def test_a_temperature_at_its_bound_is_said(caplog, truth, scale, bound):
    logits = scale * np.array([[9, 0], [0, 9]], np.float32)
    found = calibrate(logits, logits, truth)
    assert (found.fitted.temperature == bound) == (bound is not None)
    assert ("is beyond the bound" in caplog.text) == (bound is not None)


def test_the_error_is_how_far_scores_are_from_what_comes_true():
    logits = np.log(np.array([[0.7, 0.3]] * 10, np.float32))
    truth = [0] * 5 + [1] * 5
    assert calibration_scores(logits, truth, 1.0).error == pytest.approx(0.2, abs=1e-6)
    assert calibration_scores(logits, truth, 1.0).log_loss == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2, abs=1e-6)


def test_what_was_fitted_on_the_uncompressed_model_is_compared():
    logits, truth = answered(5_000, 2.0)
    found = calibrate(logits, logits * 4, truth)
    assert found.rows == 5_000
    assert found.plain.temperature == 1.0
    assert found.fitted.temperature == pytest.approx(2.0, rel=0.05)
    assert found.carried.temperature == pytest.approx(8.0, rel=0.05)
    assert found.fitted.log_loss < min(found.carried.log_loss, found.plain.log_loss)
    assert found.fitted.error < min(found.carried.error, found.plain.error)
