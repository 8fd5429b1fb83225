"""The policy: what a search does next, in states that tests make up."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.compress.synthetic import (
    DYNAMIC,
    FLOAT,
    FULL,
    GIVEN,
    HALF,
    LARGE,
    LAYERS,
    LOOSE,
    MIDDLE,
    SLOWNESS,
    SMALL,
    SPACE,
    STATIC,
    Simulation,
    candidate,
    deviation,
    figures,
    state,
    trained,
    unpruned,
)
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.candidates.limits import limits_of
from workbench_compress.policy.actions import (
    Compare,
    MeasureLatency,
    Plan,
    Prune,
    Round,
    Serve,
    Settle,
    Stop,
    Train,
    Trim,
)
from workbench_compress.policy.conditions import worthwhile
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import Screening, Setup, State, TokenTable

BASELINE = Version(FULL)
TRIMMED = replace(BASELINE, tokens=20_000)


def begun(options: SearchOptions = LOOSE, **more) -> State:
    """A search that has done nothing."""
    return State(Setup(options, limits_of(options), tuple(SLOWNESS), SPACE, training_rows=100, **more))


def kinds(simulation: Simulation) -> list[type]:
    """The kinds of its actions, each run of one kind once."""
    found = [type(action) for action in simulation.done]
    return [kind for kind, before in zip(found, [None, *found], strict=False) if kind != before]


def test_a_search_from_its_begin_to_its_end():
    """Each round wins back points, and what keeps the budget first ends the training of slower ones."""
    simulation = Simulation(served=lambda version, chain: max(0.0, 4.0 - 2 * version.epochs) if version.pruned else 0.0)
    end = simulation.run(begun(SearchOptions(max_drop=0.5, screened=3, recovered=2)))
    assert kinds(simulation)[:6] == [Serve, MeasureLatency, Prune, Plan, Round, Train]
    assert list(simulation.of(Serve))[:3] == [Serve(BASELINE, chain) for chain in SLOWNESS]
    assert {action.architecture for action in simulation.of(Prune)} == {SMALL, MIDDLE, LARGE}
    assert kinds(simulation)[-3:] == [Settle, Train, Serve]
    assert end.settled.architecture == SMALL, "the fastest one keeps the budget after two rounds"


def test_no_minutes_leave_the_baseline_model_by_every_chain():
    simulation = Simulation()
    simulation.run(replace(begun(), left=0.0))
    assert simulation.done == [Serve(BASELINE, chain) for chain in SLOWNESS]


@pytest.mark.parametrize("options", [{"screened": 0}, {"recovered": 0}])
def test_nothing_is_pruned_that_is_not_wanted(options):
    simulation = Simulation()
    simulation.run(begun(SearchOptions(**options)))
    assert kinds(simulation) == [Serve]


def test_nothing_is_pruned_without_a_pass_that_recovers():
    simulation = Simulation()
    simulation.run(begun(recovers=False))
    assert kinds(simulation) == [Serve]


def test_a_search_whose_time_is_over_uses_what_an_earlier_one_made():
    made = {"latency-table-baseline", *(SPACE.name(a) for a in (SMALL, LARGE))}
    simulation = Simulation()
    simulation.run(replace(begun(), left=0.0, made=frozenset(made)))
    assert {action.architecture for action in simulation.of(Prune)} == {SMALL, LARGE}
    assert not list(simulation.of(Train))


# The vocabulary


@pytest.mark.parametrize(
    ("options", "share", "sizes", "trims"),
    [
        ({}, 0.5, 5e6, False),
        ({}, 0.7, 5e6, True),
        ({"vocabulary": "keep"}, 0.7, 5e6, False),
        ({"vocabulary": "trim"}, 0.1, 5e6, True),
        ({"max_size_mb": 4.0}, 0.1, 5e6, True),
        ({"max_size_mb": 6.0}, 0.1, 5e6, False),
    ],
)
def test_when_a_vocabulary_is_trimmed(options, share, sizes, trims):
    options = SearchOptions(**options)
    found = replace(begun(options, trims=True, tokens=TokenTable(share, 100)), candidates=tuple(unpruned(bytes=sizes)))
    assert isinstance(next_action(found), Trim) == trims


def test_a_budget_of_size_says_how_many_tokens_stay():
    options = SearchOptions(max_size_mb=3.0, vocabulary="trim")
    found = replace(begun(options, trims=True, tokens=TokenTable(0.5, 100)), candidates=tuple(unpruned()))
    assert next_action(found) == Trim(replace(BASELINE, tokens=10_000))
    loose = replace(
        found, setup=replace(found.setup, options=SearchOptions(vocabulary="trim"), limits=limits_of(LOOSE))
    )
    assert next_action(loose) == Trim(TRIMMED)


def test_the_trimmed_model_is_served_by_the_fastest_chain_of_each_precision_or_by_all_where_size_counts():
    found = replace(begun(trims=True), candidates=tuple(unpruned()), trimmed=TRIMMED)
    assert set(chains_of_trimmed(found)) == {STATIC, FLOAT}
    sized = SearchOptions(max_size_mb=100.0)
    found = replace(found, setup=replace(found.setup, limits=limits_of(sized)))
    assert set(chains_of_trimmed(found)) == {STATIC, DYNAMIC, FLOAT}


def chains_of_trimmed(found: State) -> list:
    """The chains by which a search serves its trimmed model."""
    simulation = Simulation()
    simulation.run(replace(found, left=0.0))
    return [action.chain for action in simulation.of(Serve) if action.version == TRIMMED]


def test_a_trimmed_model_that_no_chain_serves_is_not_pruned():
    simulation = Simulation(served=lambda version, chain: None if version.trimmed else 0.0)
    end = simulation.run(replace(begun(), candidates=tuple(unpruned()), trimmed=TRIMMED))
    assert end.base == BASELINE
    assert any(c.pruned for c in end.candidates)


def test_a_trimmed_model_that_is_served_is_the_one_that_is_pruned():
    simulation = Simulation()
    end = simulation.run(replace(begun(), candidates=tuple(unpruned()), trimmed=TRIMMED))
    assert {c.version.tokens for c in end.candidates if c.pruned} == {20_000}


# Which chains serve


def test_an_architecture_that_keeps_its_predictions_is_served_by_the_leading_chain_alone():
    found = state(candidate(SMALL), trainings=trained(SMALL), round=Round((SMALL,), (1,), {SMALL: math.inf}, 0))
    assert not isinstance(next_action(found), Serve | Compare)


def test_the_other_chains_follow_where_the_leading_one_alone_spoils_the_predictions():
    present = Round((SMALL,), (1,), {SMALL: math.inf}, 0)
    spoilt = state(candidate(SMALL, points=3.0), trainings=trained(SMALL), round=present)
    version = Version(SMALL, rounds=(1,))
    assert next_action(spoilt) == Compare(version)
    assert next_action(replace(spoilt, deviations={version: deviation(0.1)})) == Serve(version, DYNAMIC)
    lossy = replace(spoilt, deviations={version: deviation(3.0)})
    assert not isinstance(next_action(lossy), Serve)


@pytest.mark.parametrize(
    ("cannot", "left"),
    [({STATIC}, [DYNAMIC, FLOAT]), ({STATIC, DYNAMIC}, [FLOAT]), ({STATIC, DYNAMIC, FLOAT}, []), (set(), [STATIC])],
)
def test_a_chain_by_which_a_model_cannot_be_served_is_left_out(cannot, left):
    """Whatever the predictions before the export are: they may be no numbers, or far off after a first round."""
    simulation = Simulation(served=lambda version, chain: None if version.pruned and chain in cannot else 0.0)
    present = Round((MIDDLE,), (1,), {MIDDLE: math.inf}, 0)
    end = simulation.run(state(options=LOOSE, round=present, plan=(MIDDLE,), left=1e6))
    assert [c.chain for c in end.candidates if c.version == Version(MIDDLE, rounds=(1,))] == left
    assert not list(simulation.of(Compare))
    further = [action for action in simulation.of(Train) if len(action.version.rounds) > 1]
    assert bool(further) == (cannot <= {STATIC}), "what the leading precision cannot serve gets no more training"


# The end


@pytest.mark.parametrize(("after", "trainings"), [((0.97,), 1), ((0.9, 0.89), 2), ((1.1,), 1)])
def test_the_chosen_one_is_trained_further_while_that_takes_a_twentieth_of_its_divergence(after, trainings):
    def served(version, chain):
        return figures(divergence=after[len(version.rounds) - 2])

    simulation = Simulation(served=served)
    found = state(candidate(SMALL, divergence=1.0), options=LOOSE, trainings=trained(SMALL), plan=(SMALL,))
    simulation.run(found)
    assert [a.version.rounds for a in simulation.of(Train)] == [(1, 2), (1, 2, 4)][:trainings]


def test_a_chosen_one_that_needed_no_training_gets_none():
    keeps = Screening(deviation(0.0), 0.01)
    simulation = Simulation()
    simulation.run(state(options=LOOSE, plan=(SMALL,), screenings={SMALL: keeps}))
    assert kinds(simulation) == [Serve, Settle]


def test_of_those_that_keep_the_predictions_untrained_the_fastest_that_is_served_well_ends_the_serving():
    keeps = {a: Screening(deviation(0.0), 0.01) for a in (SMALL, MIDDLE, LARGE)}
    simulation = Simulation(
        served=lambda version, chain: 3.0 if version.architecture == SMALL else 0.0, compared=lambda v: 9.0
    )
    simulation.run(state(options=LOOSE, screenings=keeps, left=0.0))
    assert [LAYERS[action.version.architecture] for action in simulation.of(Serve)] == [2, 4]


def test_what_fits_is_not_given_up_for_a_larger_one_that_does_not():
    tight = SearchOptions(max_drop=0.5, max_size_mb=4.0)
    sized = unpruned(bytes=9_000_000)
    found = replace(state(options=tight), candidates=tuple(sized))
    assert worthwhile(found) == [MIDDLE, SMALL]
    assert worthwhile(replace(found, setup=begun().setup)) == [LARGE, MIDDLE, SMALL]
    quick = SearchOptions(max_drop=0.5, max_latency_ms=1.9)
    assert worthwhile(replace(found, setup=begun(quick).setup)) == [SMALL], "2 ms are within a tenth of the budget"


def test_what_fits_by_a_chain_that_saves_bytes_alone_is_worthwhile():
    """The table has no such chain; the model that it makes shrinks as the one in float32 does."""
    found = state(options=SearchOptions(max_drop=0.5, max_size_mb=3.0))
    found = replace(found, candidates=tuple(unpruned(FLOAT, bytes=18_000_000)))
    assert worthwhile(found) == []
    halved = candidate(FULL, HALF, mean_ms=50.0, bytes=9_000_000)
    assert worthwhile(replace(found, candidates=(*found.candidates, halved))) == [SMALL], "2 of its 9 MB are left"


def test_a_pruned_model_that_cannot_be_made_is_left_out():
    found = begun(GIVEN)
    found = replace(state(options=LOOSE, screenings={}, plan=None), setup=replace(found.setup, options=LOOSE))
    (first, *_) = [next_action(found)]
    assert isinstance(first, Prune)
    failed = replace(found, failed=frozenset({(Version(first.architecture), None)}))
    simulation = Simulation()
    end = simulation.run(failed)
    assert first.architecture not in end.plan


def test_chains_that_save_bytes_alone_serve_no_pruned_model_first():
    found = state(candidate(FULL, HALF, mean_ms=0.1))
    assert HALF.name not in found.served_chains
    assert found.ways == [STATIC, DYNAMIC, FLOAT, HALF]


def test_a_search_that_has_settled_stops():
    assert next_action(state(settled=Settle())) == Stop()
