"""Which structures are thought of, what the table predicts of them, and which are worth a cut or more training."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from tests.model_folders import spoil
from workbench.nouns.model import Model
from workbench.testing.models import FAMILIES, write_model
from workbench_compress.cutting import front, plan, spaced, undominated
from workbench_compress.recovering import worth_more
from workbench_compress.structure import Encoder, Structure
from workbench_compress.table import Table, covering

FULL = Structure(6, 12, 1536)
COST = {s: s.layers * (s.heads + s.width / 128) for s in (Structure(n, h, 128 * h) for n in (2, 4, 6) for h in (3, 12))}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_structure_is_read_from_the_configuration(family, tmp_path):
    encoder = Encoder.of(write_model(tmp_path / family, family))
    assert (encoder.full, encoder.hidden, encoder.head_size) == (Structure(2, 2, 64), 32, 16)
    assert encoder.embeddings == 400 * 32
    assert encoder.weights(encoder.full) == 2 * (4 * 32 * 32 + 2 * 32 * 64)


def test_heads_that_were_pruned_before_do_not_count(tmp_path):
    made = spoil(write_model(tmp_path / "whole").path, tmp_path / "pruned", pruned_heads={"0": [1], "1": [0]})
    assert Encoder.of(Model.load(made)).full.heads == 1
    uneven = spoil(tmp_path / "whole", tmp_path / "uneven", pruned_heads={"0": [1]})
    assert Encoder.of(Model.load(uneven)) is None


def test_another_family_is_not_known(tmp_path):
    assert Encoder.of(write_model(tmp_path / "albert", "albert")) is None


def test_the_grid_has_blocks_of_neurons_and_the_whole_one_first():
    config = {"model_type": "bert"}
    grid = Encoder("bert", FULL, 384, 32, 30522, config).grid()
    assert grid[0] == FULL
    assert len(grid) == len(set(grid)) == 6 * 4 * 4
    assert all(s.width % 32 == 0 and s.within(FULL) for s in grid)
    odd = Encoder("bert", Structure(12, 1, 100), 384, 384, 30522, config).grid()
    assert {s.layers for s in odd} == {2, 4, 6, 8, 10, 12}
    assert {s.heads for s in odd} == {1}
    assert {s.width for s in odd} == {32, 64, 100}


def table() -> Table:
    """A network costs 1 ms and 0.01 a token; a whole layer 0.1 a token, a third of it by heads."""
    lengths = (8, 16, 32)

    def times(s: Structure) -> list[float]:
        share = (s.heads / 12 + 2 * s.width / 1536) / 3
        return [1 + 0.01 * n + s.layers * 0.1 * n * share for n in lengths]

    networks = [Structure(1, 12, 1536), Structure(3, 12, 1536), Structure(3, 6, 1536), Structure(3, 12, 768)]
    found = {"int8": {s.name: times(s) for s in networks}}
    return Table(lengths, found, FULL, mix=(8, 8, 12, 32), tokenizing=0.5)


def test_the_table_puts_a_time_together():
    mean, p95 = table().predict(FULL, "int8")
    assert mean == pytest.approx(0.5 + 1 + (0.01 + 6 * 0.1) * 15)
    assert p95 == pytest.approx(0.5 + 1 + (0.01 + 6 * 0.1) * 29)
    half, _ = table().predict(Structure(3, 6, 768), "int8")
    assert half == pytest.approx(0.5 + 1 + (0.01 + 3 * 0.1 * 0.5) * 15)


def test_the_table_reaches_from_short_texts_to_the_longest():
    assert covering(longest=90, usual=40) == (4, 8, 16, 24, 32, 40, 90)
    assert covering(longest=6, usual=6) == (4, 6)


def test_a_cut_that_saves_no_time_is_not_worth_it():
    slow = {**COST, Structure(4, 3, 384): COST[Structure(4, 12, 1536)]}
    left = undominated(list(slow), slow.__getitem__)
    assert Structure(4, 3, 384) not in left
    assert set(left) == set(slow) - {Structure(4, 3, 384)}


def test_what_fits_is_not_given_up_for_a_larger_one_that_does_not():
    large, narrow = Structure(6, 9, 384), Structure(6, 6, 384)
    time = {FULL: 2.0, large: 0.80, narrow: 0.79}
    cutter = SimpleNamespace(
        grid=lambda: list(time),
        encoder=SimpleNamespace(full=FULL),
        lab=SimpleNamespace(left=1.0),
        guesses=lambda structures, _: dict.fromkeys(structures, 0.0),
        divergence=lambda *_: 0.0,
    )
    assert plan(cutter, None, time.__getitem__, lambda s: True, 9).screened == [large]
    assert plan(cutter, None, time.__getitem__, lambda s: s == narrow, 9).screened == [narrow]


def test_only_the_nearest_of_those_that_are_as_fast_are_cut():
    divergence = {s: float(n) for n, s in enumerate(sorted(COST, key=COST.__getitem__, reverse=True))}
    assert front(list(COST), COST.__getitem__, divergence.__getitem__) == sorted(COST, key=COST.__getitem__)
    fastest = min(COST, key=COST.__getitem__)
    assert front(list(COST), COST.__getitem__, lambda s: float(s != fastest)) == [fastest]


def test_cuts_are_spread_between_the_fastest_and_the_slowest():
    cost = {Structure(1, 1, 32 * n): 2.0**n for n in range(1, 10)}
    ordered = sorted(cost, key=cost.__getitem__)
    assert [cost[s] for s in spaced(ordered[::-1], cost.__getitem__, 2)] == [2.0**3, 2.0**7]
    assert [cost[s] for s in spaced(ordered, cost.__getitem__, 1)] == [2.0**5]
    assert spaced(ordered, cost.__getitem__, 99) == ordered
    assert spaced(ordered, cost.__getitem__, 0) == []


def test_training_goes_on_for_the_better_half_of_what_is_faster_than_a_cut_that_keeps_the_budgets():
    a, b, c, d, e = sorted(COST, key=COST.__getitem__)[:5]
    first, time = dict.fromkeys((a, b, c, d, e), math.inf), COST.__getitem__
    missing = {a: 8.5, b: 2.5, c: 3.5, d: 0.0, e: 1.5}
    assert worth_more([a, b, c, d, e], missing, first, time, fastest=time(d)) == [b, c]
    assert worth_more([a, b, c, d, e], missing, first, time, fastest=math.inf) == [e, b], "d breaks another budget"
    assert worth_more([a, b], missing, first, time, fastest=math.inf) == [b]
    assert worth_more([b], missing, first, time, fastest=time(a)) == [], "one of an earlier round is faster"


def test_what_gains_too_little_is_given_up():
    a, b = sorted(COST, key=COST.__getitem__)[:2]
    time = COST.__getitem__
    assert worth_more([a, b], {a: 4.0, b: 4.0}, {a: 5.0, b: 4.9}, time, math.inf) == [a]
    assert worth_more([a, b], {a: 4.0, b: 4.0}, {a: 4.9, b: 4.9}, time, math.inf) == []
