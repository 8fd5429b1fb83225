"""The policy: what a search does next, in states that tests make up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.compress.synthetic import (
    DYNAMIC,
    FLOAT,
    FULL,
    HALF,
    LARGE,
    LAYERS,
    LOOSE,
    MIDDLE,
    SLOWNESS,
    SMALL,
    STATIC,
    Simulation,
    begun,
    candidate,
    deviation,
    figures,
    state,
    table,
    trained,
    unpruned,
)
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.candidates.choice import choose
from workbench_compress.policy.actions import MeasureLatency, Prune, Round, Serve, Train, Trim
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import Screening, State

BASELINE = Version(FULL)
TRIMMED = replace(BASELINE, tokens=20_000)


def test_a_search_from_its_begin_to_its_end():
    """Each round wins back points, and what keeps the budget first ends the training of slower ones."""

    def served(version, chain):
        points = max(0.0, 4.0 - 2 * version.epochs) if version.pruned else 0.0
        mean_ms = LAYERS[version.architecture] * SLOWNESS[chain]
        return figures(points, divergence=1 / (1 + version.epochs), mean_ms=mean_ms)

    simulation = Simulation(served=served)
    end = simulation.run(begun(SearchOptions(max_drop=0.5, screened=3, recovered=2)))
    assert simulation.kinds()[:5] == [Serve, MeasureLatency, Prune, Round, Train]
    assert list(simulation.of(Serve))[:3] == [Serve(BASELINE, chain) for chain in SLOWNESS]
    assert {action.version.architecture for action in simulation.of(Prune)} == {SMALL, MIDDLE, LARGE}
    assert simulation.kinds()[-2:] == [Train, Serve]
    assert choose(end.candidates, end.setup.limits).architecture == SMALL, "it keeps the budget after two rounds"
    assert {version.architecture for version in end.trainings if len(version.rounds) > 2} == {SMALL}


def test_no_minutes_leave_the_baseline_model_by_every_chain():
    simulation = Simulation()
    simulation.run(replace(begun(), left=0.0))
    assert simulation.done == [Serve(BASELINE, chain) for chain in SLOWNESS]


@pytest.mark.parametrize("options", [{"screened": 0}, {"recovered": 0}])
def test_nothing_is_pruned_that_is_not_wanted(options):
    simulation = Simulation()
    simulation.run(begun(SearchOptions(**options)))
    assert simulation.kinds() == [Serve]


def test_nothing_is_pruned_without_a_pass_that_recovers():
    simulation = Simulation()
    simulation.run(begun(recovers=False))
    assert simulation.kinds() == [Serve]


def test_a_search_whose_time_is_over_uses_what_an_earlier_one_made():
    simulation = Simulation()
    simulation.run(replace(begun(), left=0.0, made=frozenset({Version(SMALL), Version(LARGE)})))
    assert {action.version.architecture for action in simulation.of(Prune)} == {SMALL, LARGE}
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
    found = begun(SearchOptions(**options), common_tokens=20_000, token_share=share)
    found = replace(found, candidates=tuple(unpruned(bytes=sizes)))
    assert isinstance(next_action(found), Trim) == trims


def test_the_trimmed_model_is_served_by_the_fastest_chain_of_each_precision_or_by_all_where_size_counts():
    found = replace(begun(), candidates=tuple(unpruned()), trimmed=TRIMMED)
    assert set(chains_of_trimmed(found)) == {STATIC, FLOAT}
    found = replace(found, setup=begun(SearchOptions(max_size_mb=100.0)).setup)
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
    found = state(candidate(SMALL), trainings=trained(SMALL), rounds=(Round((SMALL,), (1,)),))
    assert not isinstance(next_action(found), Serve)


@pytest.mark.parametrize(("points", "serves"), [(0.1, True), (3.0, False)])
def test_the_other_chains_follow_where_the_leading_one_alone_spoils_the_predictions(points, serves):
    spoilt = candidate(SMALL, points=3.0, before_export=deviation(points))
    action = next_action(state(spoilt, trainings=trained(SMALL), rounds=(Round((SMALL,), (1,)),)))
    assert (action == Serve(Version(SMALL, rounds=(1,)), DYNAMIC)) == isinstance(action, Serve) == serves


@pytest.mark.parametrize(
    ("cannot", "left"),
    [({STATIC}, [DYNAMIC, FLOAT]), ({STATIC, DYNAMIC}, [FLOAT]), ({STATIC, DYNAMIC, FLOAT}, []), (set(), [STATIC])],
)
def test_a_chain_by_which_a_model_cannot_be_served_is_left_out(cannot, left):
    """Whatever the predictions before the export are: they may be no numbers, or far off after a first round."""
    simulation = Simulation(served=lambda version, chain: None if version.pruned and chain in cannot else 0.0)
    end = simulation.run(state(options=LOOSE, rounds=(Round((MIDDLE,), (1,)),), planned=(MIDDLE,), left=1e6))
    assert [c.chain for c in end.candidates if c.version == Version(MIDDLE, rounds=(1,))] == left
    further = [action for action in simulation.of(Train) if len(action.version.rounds) > 1]
    assert bool(further) == (cannot <= {STATIC}), "what the leading precision cannot serve gets no more training"


# The end


@pytest.mark.parametrize(("after", "trainings"), [((0.97,), 1), ((0.9, 0.89), 2), ((1.1,), 1)])
def test_the_chosen_one_is_trained_further_while_that_takes_a_twentieth_of_its_divergence(after, trainings):
    def served(version, chain):
        return figures(divergence=after[len(version.rounds) - 2])

    simulation = Simulation(served=served)
    found = state(candidate(SMALL, divergence=1.0), options=LOOSE, trainings=trained(SMALL), planned=(SMALL,))
    simulation.run(found)
    assert [a.version.rounds for a in simulation.of(Train)] == [(1, 2), (1, 2, 4)][:trainings]


def test_a_chosen_one_that_needed_no_training_gets_none():
    keeps = Screening(deviation(0.0), 0.01)
    simulation = Simulation()
    simulation.run(state(options=LOOSE, planned=(SMALL,), screenings={SMALL: keeps}))
    assert simulation.kinds() == [Serve]


def test_of_those_that_keep_the_predictions_untrained_the_fastest_that_is_served_well_ends_the_serving():
    keeps = {a: Screening(deviation(0.0, divergence=1 / LAYERS[a]), 0.01) for a in (SMALL, MIDDLE, LARGE)}
    simulation = Simulation(served=lambda version, chain: 3.0 if version.architecture == SMALL else 0.0)
    simulation.run(state(options=LOOSE, screenings=keeps, left=0.0))
    assert [LAYERS[action.version.architecture] for action in simulation.of(Serve)] == [2, 4]


def test_what_fits_is_not_given_up_for_a_larger_one_that_does_not():
    tight = SearchOptions(max_drop=0.5, max_size_mb=4.0)
    sized = unpruned(bytes=9_000_000)
    found = replace(state(options=tight), candidates=tuple(sized))
    assert found.worthwhile == [MIDDLE, SMALL]
    assert replace(found, setup=begun().setup).worthwhile == [LARGE, MIDDLE, SMALL]
    quick = SearchOptions(max_drop=0.5, max_latency_ms=1.9)
    assert replace(found, setup=begun(quick).setup).worthwhile == [SMALL], "2 ms are within a tenth of the budget"


def test_what_fits_by_a_chain_that_saves_bytes_alone_is_worthwhile():
    found = state(options=SearchOptions(max_drop=0.5, max_size_mb=3.0), table=table({**SLOWNESS, HALF: 5.0}))
    found = replace(found, candidates=tuple(unpruned(FLOAT, bytes=18_000_000)))
    assert found.worthwhile == []
    halved = candidate(FULL, HALF, mean_ms=50.0, bytes=9_000_000)
    assert replace(found, candidates=(*found.candidates, halved)).worthwhile == [SMALL], "2 of its 9 MB are left"


def test_a_pruned_model_that_cannot_be_made_is_left_out():
    found = state(options=LOOSE, screenings={})
    first = next_action(found)
    assert isinstance(first, Prune)
    end = Simulation().run(replace(found, failed=frozenset({first})))
    assert first.version.architecture not in end.plan
    assert len(end.plan) == 2


def test_chains_that_save_bytes_alone_serve_no_pruned_model_first():
    found = state(candidate(FULL, HALF, mean_ms=0.1), table=table({**SLOWNESS, HALF: 0.1}))
    assert found.ways[:2] == [STATIC, DYNAMIC]
    assert set(found.ways) == {STATIC, DYNAMIC, FLOAT, HALF}
