"""Temperatures: fitted where the log loss is least, and compared with one that was fitted on another model."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.calibration import LEAST, MOST, calibrate, fit_temperature, quality


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
    logits, truth = answered(500, sharpness)
    fitted = fit_temperature(logits, truth)
    least = quality(logits, truth, fitted).log_loss
    assert all(least <= quality(logits, truth, fitted * factor).log_loss + 1e-9 for factor in (0.8, 0.97, 1.03, 1.25))


def test_rows_that_are_all_right_or_all_wrong_give_a_finite_temperature():
    logits = np.array([[9, 0], [0, 9]], np.float32)
    assert fit_temperature(logits, [0, 1]) == pytest.approx(LEAST, rel=1e-3)
    assert fit_temperature(logits, [1, 0]) == pytest.approx(MOST, rel=1e-3)


def test_the_error_is_how_far_scores_are_from_what_comes_true():
    logits = np.log(np.array([[0.7, 0.3]] * 10, np.float32))
    truth = [0] * 5 + [1] * 5
    assert quality(logits, truth, 1.0).error == pytest.approx(0.2, abs=1e-6)
    assert quality(logits, truth, 1.0).log_loss == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2, abs=1e-6)


def test_what_was_fitted_on_the_uncompressed_model_is_compared():
    logits, truth = answered(5_000, 2.0)
    found = calibrate(logits, logits * 4, truth)
    assert found.rows == 5_000
    assert found.plain.temperature == 1.0
    assert found.fitted.temperature == pytest.approx(2.0, rel=0.05)
    assert found.carried.temperature == pytest.approx(8.0, rel=0.05)
    assert found.fitted.log_loss < min(found.carried.log_loss, found.plain.log_loss)
    assert found.fitted.error < min(found.carried.error, found.plain.error)
