"""What counts as lost accuracy: paired rows, an interval, and the confidence that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from workbench_compress.candidates.accuracy_loss import Pairs, accuracy_loss


def test_only_the_rows_on_which_one_is_wrong_are_counted():
    before, after = np.array([True, True, False, False, True]), np.array([True, False, True, False, False])
    assert Pairs.of(before, after) == Pairs(rows=5, lost=2, won=1)


def test_equal_predictions_may_lose_something_still():
    """With b = c = 0 of n rows: z sqrt(2 / (n + 2)) / sqrt(n + 2)."""
    few, many = (accuracy_loss(Pairs(rows, 0, 0), confidence=0.99) for rows in (100, 4000))
    assert (few.points, few.p) == (0, 1)
    assert few.bound == pytest.approx(100 * 2.3263 * np.sqrt(2) / 102, abs=1e-3)
    assert few.low == pytest.approx(-few.high)
    assert 0 < many.bound < few.bound / 30


def test_the_estimate_is_in_points_of_all_rows():
    loss = accuracy_loss(Pairs(1000, 12, 2), confidence=0.5)
    assert loss.points == pytest.approx(1.0)
    assert loss.bound == pytest.approx(1.0, abs=0.05)
    assert loss.low < 1.0 < loss.high


def test_more_confidence_asks_for_more_room():
    bounds = [accuracy_loss(Pairs(1000, 12, 8), confidence=c).bound for c in (0.5, 0.7, 0.9, 0.99)]
    assert bounds == sorted(bounds)
    assert bounds[-1] > bounds[0] + 0.5


def test_a_gain_is_a_negative_loss():
    assert accuracy_loss(Pairs(400, 0, 4), confidence=0.5).points == pytest.approx(-1.0)


def test_the_interval_agrees_with_the_normal_one():
    """For many rows: (b - c) / n ± 1.96 sqrt(b + c - (b - c)² / n) / n."""
    loss = accuracy_loss(Pairs(20_000, 900, 700), confidence=0.975)
    error = 100 * np.sqrt(1600 - 200**2 / 20_000) / 20_000
    assert loss.low == pytest.approx(1.0 - 1.96 * error, abs=0.03)
    assert loss.high == pytest.approx(1.0 + 1.96 * error, abs=0.03)
    assert loss.bound == pytest.approx(loss.high, abs=1e-9)


def test_mcnemar_looks_at_the_rows_where_they_differ():
    assert accuracy_loss(Pairs(1000, 10, 10), 0.5).p == pytest.approx(1.0)
    assert accuracy_loss(Pairs(1000, 5, 0), 0.5).p == pytest.approx(2 * 0.5**5)
