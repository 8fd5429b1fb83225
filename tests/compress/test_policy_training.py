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
    SLOWNESS,
    SMALL,
    SPACE,
    Simulation,
    candidate,
    deviation,
    figures,
    state,
    trained,
)
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.candidates.limits import limits_of
from workbench_compress.policy.actions import (
    Round,
    Stop,
    Train,
)
from workbench_compress.policy.conditions import untrained_and_faster
from workbench_compress.policy.lack_of_time import lack_of_time
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import Setup, State

BASELINE = Version(FULL)
TRIMMED = replace(BASELINE, tokens=20_000)


def begun(options: SearchOptions = LOOSE, **more) -> State:
    """A search that has done nothing."""
    return State(Setup(options, limits_of(options), tuple(SLOWNESS), SPACE, training_rows=100, **more))


def kinds(simulation: Simulation) -> list[type]:
    """The kinds of its actions, each run of one kind once."""
    found = [type(action) for action in simulation.done]
    return [kind for kind, before in zip(found, [None, *found], strict=False) if kind != before]


@pytest.mark.parametrize(
    ("other", "left"),
    [
        ({}, [SMALL]),
        ({"points": 0.6}, [SMALL, LARGE]),
        ({"disagreement": 0.03}, [SMALL, LARGE]),
        ({"p95_ms": 2.1}, [SMALL, LARGE]),
        ({"labels_changed_by_batch": 1}, [SMALL, LARGE]),
    ],
)
def test_only_what_keeps_every_budget_ends_the_search_for_slower_ones(other, left):
    found = state(candidate(MIDDLE, **other), trainings=trained(MIDDLE))
    assert untrained_and_faster(found) == left


def test_another_quantizing_chain_keeps_the_budgets_as_well_as_the_first_one_and_float32_does_not():
    found = state(candidate(MIDDLE, points=0.51), candidate(MIDDLE, DYNAMIC), trainings=trained(MIDDLE))
    assert found.missing == {MIDDLE: 0.0}
    assert found.fastest == 8.0, "the second takes twice as long as the first"
    assert untrained_and_faster(found) == [SMALL, LARGE]
    found = state(candidate(MIDDLE, points=0.51), candidate(MIDDLE, FLOAT), trainings=trained(MIDDLE))
    assert found.missing == {MIDDLE: pytest.approx(0.01)}
    assert found.fastest == math.inf


def test_predictions_are_beyond_their_budgets_by_the_sum_of_points_in_the_best_round():
    found = state(
        candidate(SMALL, points=1.5, disagreement=0.05, bytes=99_000_000),
        candidate(SMALL, rounds=(1, 2), points=0.1, disagreement=0.025),
        candidate(LARGE, points=-0.5, disagreement=0.01),
    )
    assert found.missing == {SMALL: pytest.approx(0.5), LARGE: 0.0}


SLOW, QUICK = {"p95_ms": 4.0}, {"p95_ms": 2.0}


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
    simulation.run(state(*(candidate(FULL) for _ in range(9)), plan=(SMALL, MIDDLE)))
    assert [a.version.architecture for a in simulation.of(Train) if len(a.version.rounds) == 2] == again


def test_what_was_slow_once_because_the_machine_was_busy_is_trained_on():
    found = [candidate(MIDDLE, rounds=(1, 2, 4)[:n], **f) for n, f in ((1, SLOW), (2, QUICK), (3, QUICK))]
    assert not state(*found).beyond_training(MIDDLE)
    assert state(found[0]).beyond_training(MIDDLE)


def test_what_needed_no_training_but_is_too_slow_gets_none():
    assert untrained_and_faster(state(candidate(MIDDLE, rounds=(), p95_ms=4.0))) == [SMALL, LARGE]
    float_leads = [candidate(FULL, FLOAT), candidate(MIDDLE, FLOAT, rounds=(), p95_ms=4.0)]
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


def test_what_there_is_no_time_for_is_said_where_the_batches_end_and_at_the_end():
    poor = Simulation(served=lambda version, chain: 3.0 if version.pruned else 0.0)
    late = poor.run(state(options=LOOSE, left=2.0))
    before = replace(late, settled=None)
    assert lack_of_time(next_action(before), before) == "no time is left to train layers6-e1 for 1 epochs"
    assert lack_of_time(Stop(), late) is None, "no candidate is worth the time that is left"
    chosen = state(candidate(SMALL, divergence=1.0), options=LOOSE, trainings=trained(SMALL), plan=(SMALL,), left=1e-9)
    end = Simulation().run(chosen)
    assert lack_of_time(next_action(end), end) == "no time is left to train layers2-e1-2 for 2 epochs"


def test_nothing_is_said_where_time_is_left_or_the_batches_go_on():
    rich = Simulation().run(state(options=LOOSE))
    assert lack_of_time(next_action(rich), rich) is None
    going = state(options=LOOSE, left=0.0, round=Round((LARGE,), (1,), {LARGE: math.inf}, 0))
    assert lack_of_time(Round((LARGE,), (1,), {}, 0), going) is None


def test_without_minutes_it_is_said_that_nothing_is_pruned():
    found = replace(begun(), left=0.0)
    end = Simulation().run(found)
    assert "measure what pruning saves" in (lack_of_time(next_action(end), end) or "")


def test_the_time_that_serving_takes_counts_too():
    slow = {Version(LARGE, rounds=(1,)): 100.0}
    found = state(candidate(LARGE, points=3.0), trainings=trained(LARGE), serving_seconds=slow, left=100.0)
    present = replace(
        found,
        round=Round((LARGE, MIDDLE), (1,), {LARGE: math.inf}, 0),
        deviations={Version(LARGE, rounds=(1,)): deviation(9.0)},
    )
    assert not isinstance(next_action(present), Train)
    assert isinstance(next_action(replace(present, left=200.0)), Train)


def test_a_finished_training_of_an_earlier_search_needs_no_time():
    made = frozenset({f"{SPACE.name(LARGE)}-e1"})
    found = state(options=LOOSE, left=0.0, made=made, round=Round((LARGE,), (1,), {LARGE: math.inf}, 0))
    assert next_action(found) == Train(Version(LARGE, rounds=(1,)))


def test_the_better_half_is_trained_for_twice_as_long():
    missing = {LARGE: 1.0, MIDDLE: 2.0, SMALL: 4.0}

    def served(version, chain):
        return 0.5 + missing[version.architecture] / len(version.rounds) ** 2 if version.pruned else 0.0

    simulation = Simulation(served=served)
    simulation.run(state(options=LOOSE))
    first, second, *_ = simulation.of(Round)
    assert (first.epochs, set(first.architectures)) == ((1,), {SMALL, MIDDLE, LARGE})
    assert (second.epochs, second.architectures) == ((1, 2), (LARGE, MIDDLE))


def test_the_batches_end_where_one_could_try_nothing():
    simulation = Simulation(trains=lambda version: True)
    simulation.run(state(options=SearchOptions(max_drop=0.5, recovered=1), left=0.0))
    assert len(list(simulation.of(Round))) == 1


def test_every_batch_holds_faster_ones_than_what_keeps_the_budgets():
    simulation = Simulation()
    simulation.run(state(options=SearchOptions(max_drop=0.5, recovered=1)))
    batches = [action.architectures for action in simulation.of(Round) if len(action.epochs) == 1]
    assert batches == [(MIDDLE,), (SMALL,)]
