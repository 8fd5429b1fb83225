"""Which candidates keep which budgets, and which of equal computations is taken: no model is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.compress.synthetic import (
    DYNAMIC,
    FLOAT,
    FULL,
    GIVEN,
    LARGE,
    MIDDLE,
    SMALL,
    STATIC,
    candidate,
    figures,
    loss,
    table,
)
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import calibrated
from workbench_compress.candidates.choice import announce, choose
from workbench_compress.candidates.limits import beyond_training, limits_of, points_over
from workbench_compress.policy.serving_chains import fastest_chains, ways_to_serve, worth_serving
from workbench_compress.search import warn_of_few

DROP, CHURN, LATENCY, SIZE, MEMORY = limits_of(GIVEN)


def test_few_rows_that_cannot_show_what_is_lost_are_said_to_be_few(caplog):
    warn_of_few(100, SearchOptions(max_drop=0.5))
    assert "100 rows are few: even equal predictions for all of them may hide a loss of" in caplog.text
    assert "the budget is 0.5" in caplog.text
    caplog.clear()
    warn_of_few(10_000, SearchOptions(max_drop=0.5))
    assert not caplog.text


@pytest.mark.parametrize(
    ("slowness", "worth", "expected"),
    [
        ((3.0, 2.0, 1.0), {FLOAT, DYNAMIC, STATIC}, [STATIC, DYNAMIC, FLOAT]),
        ((3.0, 2.0, 1.0), {FLOAT, STATIC}, [STATIC, FLOAT]),
        ((3.0, 2.0, 1.0), {FLOAT, DYNAMIC}, [DYNAMIC, FLOAT]),
        ((1.0, 2.0, 3.0), {FLOAT, DYNAMIC}, [FLOAT, DYNAMIC, STATIC]),
    ],
)
def test_another_quantizing_chain_is_tried_before_float32(slowness, worth, expected):
    served = {chain.name: chain for chain in (FLOAT, DYNAMIC, STATIC)}
    times = table(dict(zip(served.values(), slowness, strict=True)))
    names = {chain.name for chain in worth} | {"half"}
    assert ways_to_serve(times, [SMALL, LARGE], served, names, {"fp32": FLOAT, "q": STATIC}) == expected


def test_what_differs_in_weights_alone_takes_equally_long():
    times = {(1,): 0.9, (1, 2): 1.3, (1, 2, 4): 1.0}
    measured = [candidate(MIDDLE, rounds=rounds, mean_ms=ms, p95_ms=2 * ms) for rounds, ms in times.items()]
    found = calibrated([*measured, candidate(SMALL, mean_ms=0.5, yardstick_ms=8.0)])
    assert [c.figures.mean_ms for c in found[:3]] == [1.0, 1.0, 1.0]
    assert [c.figures.p95_ms for c in found[:3]] == [2.0, 2.0, 2.0]
    assert found[3].figures.mean_ms == 0.25, "it was measured while the machine was half as fast"


def test_of_models_that_differ_in_training_alone_the_nearest_to_the_baseline_model_is_taken():
    """And not the more accurate one, for one dev row more is luck; nor the smaller one, for that is rounding."""
    off = {(1,): (0.1, 0.09, 5_000_000), (1, 2): (0.4, 0.05, 5_000_001), (1, 2, 4): (0.6, 0.04, 5_000_000)}
    each = [
        candidate(MIDDLE, rounds=rounds, points=points, divergence=far, bytes=size, mean_ms=1 + points)
        for rounds, (points, far, size) in off.items()
    ]
    slower = candidate(LARGE, divergence=0.0, mean_ms=9.0)
    best = choose(calibrated([*each, slower]), [DROP, SIZE])
    assert best.version.rounds == (1, 2), "the last one breaks a budget"


def test_where_nothing_keeps_the_predictions_the_best_float32_stands_for_the_baseline_model(caplog):
    fused = replace(FLOAT, name="fuse-fp32", plain=False)
    unchanged = [
        candidate(FULL, FLOAT, disagreement=0.01, mean_ms=1.0),
        candidate(FULL, fused, disagreement=0.005, mean_ms=2.0),
    ]
    found = [*unchanged, candidate(SMALL, disagreement=0.03, mean_ms=0.1)]
    strict = [DROP, replace(CHURN, most=0.0)]
    best = choose(found, strict)
    assert best.name == "baseline-fuse-fp32"
    announce(best, found, strict)
    assert "NOTHING keeps every budget" in caplog.text
    assert "max_churn 0.5 points, budget 0" in caplog.text
    assert choose(found, [*strict, SIZE]) is None, "a budget of size is not to be passed over"


def test_points_over_are_the_sum_over_the_budgets_of_predictions():
    found = figures(1.5, disagreement=0.05, bytes=99_000_000)
    assert points_over(found, limits_of(GIVEN)) == pytest.approx(4.0), "training makes nothing smaller"


def test_a_chain_that_changes_too_many_labels_of_the_unpruned_model_serves_no_pruned_one():
    estimate = replace(loss(0.4), bound=0.6)  # the estimate says which chains serve; the bound is for the choice
    static = candidate(FULL, STATIC, disagreement=0.02, mean_ms=0.5, accuracy_loss=estimate)
    dynamic = candidate(FULL, DYNAMIC, disagreement=0.01, accuracy_loss=estimate)
    found = [static, dynamic]
    for most, names in ((1.0, {DYNAMIC.name}), (2.0, {STATIC.name, DYNAMIC.name}), (0.5, set())):
        assert worth_serving(found, limits_of(SearchOptions(max_churn=most))) == names
    assert fastest_chains(found, limits_of(SearchOptions(max_drop=1.0, max_churn=1.0))) == {"q": DYNAMIC}
    assert fastest_chains(found, limits_of(SearchOptions(max_drop=1.0))) == {"q": STATIC}


@pytest.mark.parametrize(
    ("other", "beyond"),
    [
        ({"p95_ms": 2.5}, False),
        ({"p95_ms": 2.7}, True),
        ({"bytes": 10_000_000}, False),
        ({"bytes": 10_100_000}, True),
        ({"memory_bytes": 109_000_000}, False),
        ({"memory_bytes": 111_000_000}, True),
        ({"disagreement": 0.5, "points": 50.0}, False),
    ],
)
def test_what_no_training_mends(other, beyond):
    """A size is exact; a time and a memory are beyond only when they are by more than one measurement may be off."""
    found = figures(**other)
    assert beyond_training(found, limits_of(GIVEN)) == beyond
    assert not beyond_training(found, limits_of(SearchOptions())), "no such budget was given"
