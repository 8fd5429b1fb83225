"""The policy: which architectures a search trains, and for how long, in states that tests make up."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.compress.synthetic import (
    DYNAMIC,
    FLOAT,
    FULL,
    LARGE,
    LAYERS,
    LOOSE,
    MIDDLE,
    SMALL,
    Simulation,
    begun,
    candidate,
    figures,
    state,
    trained,
)
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.policy.actions import Round, Train
from workbench_compress.policy.lack_of_time import lack_of_time
from workbench_compress.policy.rules import next_action, untrained_and_faster


@pytest.mark.parametrize(
    ("other", "left"),
    [
        ({}, [SMALL]),
        ({"points": 0.6}, [SMALL, LARGE]),
        ({"disagreement": 0.03}, [SMALL, LARGE]),
        ({"p95_ms": 21.0}, [SMALL, LARGE]),
        ({"labels_changed_by_batch": 1}, [SMALL, LARGE]),
    ],
)
def test_only_what_keeps_every_budget_ends_the_search_for_slower_ones(other, left):
    found = state(candidate(MIDDLE, **other), trainings=trained(MIDDLE), rounds=(Round((MIDDLE,), (1,)),))
    assert untrained_and_faster(found) == left


def test_another_quantizing_chain_keeps_the_budgets_as_well_as_the_first_one_and_float32_does_not():
    known = {"trainings": trained(MIDDLE), "rounds": (Round((MIDDLE,), (1,)),)}
    found = state(candidate(MIDDLE, points=0.51), candidate(MIDDLE, DYNAMIC), **known)
    assert found.missing(MIDDLE, 1) == 0.0
    assert found.fastest == 8.0, "the second takes twice as long as the first"
    assert untrained_and_faster(found) == [SMALL, LARGE]
    found = state(candidate(MIDDLE, points=0.51), candidate(MIDDLE, FLOAT), **known)
    assert found.missing(MIDDLE, 1) == pytest.approx(0.01)
    assert found.fastest == math.inf


def test_predictions_are_beyond_their_budgets_by_the_sum_of_points_in_the_best_round():
    found = state(
        candidate(SMALL, points=1.5, disagreement=0.05, bytes=99_000_000),
        candidate(SMALL, rounds=(1, 2), points=0.1, disagreement=0.025),
        candidate(LARGE, points=-0.5, disagreement=0.01),
    )
    assert [found.missing(SMALL, rounds) for rounds in (1, 2)] == pytest.approx([4.0, 0.5])
    assert (found.missing(LARGE, 1), found.missing(MIDDLE, 1)) == (0.0, math.inf)


SLOW, QUICK = {"p95_ms": 40.0}, {"p95_ms": 20.0}


@pytest.mark.parametrize(
    ("small", "middle", "again"),
    [
        (QUICK, SLOW, [SMALL]),
        (SLOW, QUICK, [MIDDLE]),
        (SLOW, {**SLOW, "yardstick_ms": 8.0}, [MIDDLE]),  # the machine was half as fast
        ({"bytes": 11_000_000}, {"memory_bytes": 200_000_000}, []),
    ],
)
def test_what_is_too_slow_or_too_large_is_trained_once_at_most(small, middle, again):
    measured = {SMALL: small, MIDDLE: middle}

    def served(version, chain):
        return figures(9.0 / len(version.rounds), **measured[version.architecture]) if version.pruned else 0.0

    simulation = Simulation(served=served)
    simulation.run(state(*(candidate(FULL) for _ in range(9)), planned=(SMALL, MIDDLE)))
    assert [a.version.architecture for a in simulation.of(Train) if len(a.version.rounds) == 2] == again


def test_what_was_slow_once_because_the_machine_was_busy_is_trained_on():
    found = [candidate(MIDDLE, rounds=(1, 2, 4)[:n], **f) for n, f in ((1, SLOW), (2, QUICK), (3, QUICK))]
    assert not state(*found).beyond_training(MIDDLE)
    assert state(found[0]).beyond_training(MIDDLE)


def test_what_needed_no_training_but_is_too_slow_gets_none():
    assert untrained_and_faster(state(candidate(MIDDLE, rounds=(), p95_ms=40.0))) == [SMALL, LARGE]
    float_leads = [candidate(FULL, FLOAT), candidate(MIDDLE, FLOAT, rounds=(), p95_ms=40.0)]
    found = replace(state(), candidates=tuple(float_leads))
    assert untrained_and_faster(found) == [SMALL, MIDDLE, LARGE], "a smaller one has not been tried"


def test_a_training_that_fails_gives_its_architecture_up_and_nothing_else():
    simulation = Simulation(
        served=lambda version, chain: 3.0 if version.pruned else 0.0, trains=lambda v: v.architecture != SMALL
    )
    end = simulation.run(state(options=LOOSE))
    assert [a.version.rounds for a in simulation.of(Train) if a.version.architecture == SMALL] == [(1,)]
    assert {c.architecture for c in end.candidates if c.pruned} == {MIDDLE, LARGE}


def test_a_training_that_would_end_too_late_does_not_begin():
    simulation = Simulation(served=lambda version, chain: 3.0 if version.pruned else 0.0)
    simulation.run(state(options=LOOSE, left=2.0))  # 3 * 100 rows of 0.01 s
    assert not list(simulation.of(Train))
    simulation = Simulation(served=lambda version, chain: 3.0 if version.pruned else 0.0, seconds=1.0)
    simulation.run(state(options=LOOSE, left=11.0))
    order = [(LAYERS[action.version.architecture], action.version.rounds) for action in simulation.of(Train)]
    assert order == [(6, (1,)), (4, (1,))], "the second one leaves a second, and two more milliseconds take two"


def test_what_there_is_no_time_for_is_said():
    poor = Simulation(served=lambda version, chain: 3.0 if version.pruned else 0.0)
    late = poor.run(state(options=LOOSE, left=2.0))
    assert lack_of_time(late) == "no time is left to train layers6-e1 for 1 epochs"
    found = {"options": LOOSE, "trainings": trained(SMALL), "planned": (SMALL,), "left": 1e-9}
    chosen = Simulation().run(state(candidate(SMALL, divergence=1.0), **found))
    assert lack_of_time(chosen) == "no time is left to train layers2-e1-2 for 2 epochs"
    unpruned = Simulation().run(replace(begun(), left=0.0))
    assert "measure what pruning saves" in (lack_of_time(unpruned) or "")
    assert lack_of_time(Simulation().run(state(options=LOOSE))) is None


def test_the_time_that_serving_takes_counts_too():
    served = replace(candidate(LARGE, points=3.0), seconds=100.0)
    found = state(served, trainings=trained(LARGE), rounds=(Round((LARGE, MIDDLE), (1,)),), left=100.0)
    assert not isinstance(next_action(found), Train)
    assert isinstance(next_action(replace(found, left=200.0)), Train)


def test_a_finished_training_of_an_earlier_search_needs_no_time():
    version = Version(LARGE, rounds=(1,))
    found = state(options=LOOSE, left=0.0, made=frozenset({version}), rounds=(Round((LARGE,), (1,)),))
    assert next_action(found) == Train(version)


def test_the_better_half_is_trained_for_twice_as_long():
    missing = {LARGE: 1.0, MIDDLE: 2.0, SMALL: 4.0}

    def served(version, chain):
        return 0.5 + missing[version.architecture] / len(version.rounds) ** 2 if version.pruned else 0.0

    simulation = Simulation(served=served)
    simulation.run(state(options=LOOSE))
    first, second, *_ = simulation.of(Round)
    assert (first.epochs, set(first.architectures)) == ((1,), {SMALL, MIDDLE, LARGE})
    assert (second.epochs, second.architectures) == ((1, 2), (LARGE, MIDDLE))


def test_an_architecture_that_there_was_no_time_for_is_in_no_further_batch():
    simulation = Simulation()
    simulation.run(state(options=SearchOptions(max_drop=0.5, recovered=1), left=0.0))
    assert sorted(LAYERS[a] for batch in simulation.of(Round) for a in batch.architectures) == [2, 4, 6]
    assert not list(simulation.of(Train))


def after_round(missing: dict, before: dict, *, kept: tuple = ()) -> tuple:
    """What is trained on after a second round, by the points that were missing after it and after the first."""
    rounds = [((1,), before), ((1, 2), missing)]
    measured = [candidate(a, rounds=r, points=0.5 + points) for r, found in rounds for a, points in found.items()]
    done = {**trained(*missing), **trained(*missing, rounds=(1, 2))}
    found = state(*measured, *kept, options=LOOSE, trainings=done, rounds=(Round(tuple(missing), (1, 2)),))
    action = next_action(found)
    return action.architectures if isinstance(action, Round) and len(action.epochs) == 3 else ()


def test_only_what_is_faster_than_one_that_keeps_the_budgets_is_trained_on():
    assert after_round({SMALL: 2.5, LARGE: 1.5}, {SMALL: 9.0, LARGE: 9.0}) == (LARGE,)
    assert after_round({SMALL: 2.5, LARGE: 1.5}, {SMALL: 9.0, LARGE: 9.0}, kept=(candidate(MIDDLE),)) == (SMALL,)
    assert after_round({LARGE: 1.5}, {LARGE: 9.0}, kept=(candidate(MIDDLE),)) == ()


def test_what_gains_too_little_is_given_up():
    assert after_round({SMALL: 4.0, LARGE: 4.0}, {SMALL: 5.0, LARGE: 4.9}) == (SMALL,)
    assert after_round({SMALL: 4.0, LARGE: 4.0}, {SMALL: 4.9, LARGE: 4.9}) == ()


def test_every_batch_holds_faster_ones_than_what_keeps_the_budgets():
    simulation = Simulation()
    simulation.run(state(options=SearchOptions(max_drop=0.5, recovered=1)))
    batches = [action.architectures for action in simulation.of(Round) if len(action.epochs) == 1]
    assert batches == [(MIDDLE,), (SMALL,)]
