"""Which candidates count while cuts are trained, and which of equal computations is taken: no model is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench_compress import SearchOptions
from workbench_compress.candidate import Candidate, beyond_training, calibrated, limits, points_over
from workbench_compress.chains import Chain
from workbench_compress.choosing import announce, choose
from workbench_compress.recovering import Recovery
from workbench_compress.search import warn_of_few, ways_to_serve, worth_serving
from workbench_compress.structure import Structure
from workbench_compress.table import Table
from workbench_compress.uncut import fastest_chains

SMALL, MIDDLE, LARGE = (Structure(layers, 12, 1536) for layers in (2, 4, 6))
STATIC = Chain("int8", fused=True, static=True)
DYNAMIC, FLOAT = Chain("int8", fused=True), Chain("fp32")
NETWORKS = [Structure(layers, 12, 1536) for layers in (1, 3)]  # of the table
GIVEN = SearchOptions(max_drop=0.5, max_churn=2.0, max_size_mb=10.0, max_latency_ms=2.0, max_memory_mb=100.0)
DROP, CHURN, LATENCY, SIZE, MEMORY = limits(GIVEN)


def candidate(name: str, structure: Structure, *, drop: float = 0.0, whole: bool = False, **figures: Any) -> Candidate:
    """One that keeps all budgets unless its figures say otherwise."""
    usual = {"labels_changed_by_company": 0, "score_changed_by_company": 0.0, "bytes": 5e6, "mean_ms": 1.0}
    more = {
        "p95_ms": 2.0,
        "yardstick_ms": 4.0,
        "drop": {"bound": drop},
        "agreement": 1.0,
        "divergence": 0.0,
        "memory_bytes": 9e7,
    }
    model = Model(Path(name), "onnx", "intent", ("one", "two"), 64)
    return Candidate(name, STATIC, model, {**usual, **more, **figures}, structure, epochs=1, whole=whole)


def recovery(*found: Candidate) -> Recovery:
    """One that has measured so much; the time of a structure is the number of its layers."""
    nothing: Any = None
    return Recovery(
        nothing,
        nothing,
        nothing,
        [STATIC],
        lambda s, chain=STATIC.name: s.layers * (1 if chain == STATIC.name else 2),
        [DROP, CHURN, SIZE, LATENCY, MEMORY],
        [],
        None,
        0,
        found=list(found),
    )


@pytest.mark.parametrize(
    ("figures", "left"),
    [
        ({}, [SMALL]),
        ({"drop": 0.6}, [SMALL, LARGE]),
        ({"agreement": 0.97}, [SMALL, LARGE]),
        ({"p95_ms": 2.1}, [SMALL, LARGE]),
        ({"labels_changed_by_company": 1}, [SMALL, LARGE]),
    ],
)
def test_only_a_cut_that_keeps_every_budget_ends_the_search_for_slower_ones(figures, left):
    assert recovery(candidate("middle", MIDDLE, **figures)).faster([SMALL, MIDDLE, LARGE]) == left


def test_another_int8_keeps_the_budgets_as_well_as_the_first_one_and_float32_does_not():
    spoilt, kept = candidate("static", MIDDLE, drop=0.51), replace(candidate("dynamic", MIDDLE), chain=DYNAMIC)
    made = recovery(spoilt, kept)
    assert made.missing() == {MIDDLE: 0.0}
    larger = Structure(9, 12, 1536)
    assert made.faster([SMALL, LARGE, larger]) == [SMALL, LARGE], "the second takes twice as long as the first"
    made.found[1] = replace(kept, chain=FLOAT)
    assert made.missing() == {MIDDLE: pytest.approx(0.01)}
    assert made.faster([SMALL, LARGE, larger]) == [SMALL, LARGE, larger]


@pytest.mark.parametrize(
    ("cannot", "left"),
    [({STATIC}, [DYNAMIC, FLOAT]), ({STATIC, DYNAMIC}, [FLOAT]), ({STATIC, DYNAMIC, FLOAT}, []), (set(), [STATIC])],
)
def test_a_chain_that_a_cut_cannot_be_served_by_is_left_out(cannot, left, monkeypatch, caplog):
    """Whatever the torch model's answers are: they may be no numbers, and those of a first round are far off."""

    def measured(name: str, chain: Chain, *_: object, **__: object) -> Candidate:
        if chain in cannot:
            raise WorkbenchError("the logits differ")
        return replace(candidate(name, MIDDLE), chain=chain)

    monkeypatch.setattr("workbench_compress.candidate.measured", measured)
    made = recovery()
    made.lab, made.cutter = SimpleNamespace(seconds=0.0), SimpleNamespace(prefix="")
    made.chains = tried = [STATIC, DYNAMIC, FLOAT] if STATIC in cannot else [STATIC]
    made._keeps_them_unquantized = lambda *_: pytest.fail("it was asked")
    made._serve("cut", lambda: None, MIDDLE, 1)
    assert [c.chain for c in made.found] == left
    assert caplog.messages == [f"cut-{c.name} is left out: the logits differ" for c in tried if c in cannot]
    assert made.faster([SMALL, MIDDLE]) == [SMALL]
    made._rounds[MIDDLE], trainings = [1], []
    made._train = lambda *asked: trainings.append(asked)
    made.polish(MIDDLE)
    assert bool(trainings) == (cannot <= {STATIC}), "what int8 cannot serve gets no more training"


def test_few_rows_that_cannot_show_what_is_lost_are_said_to_be_few(caplog):
    warn_of_few(100, SearchOptions(max_drop=0.5))
    assert "100 rows are few: even equal answers to all of them may hide a loss of" in caplog.text
    assert "the budget is 0.5" in caplog.text
    caplog.clear()
    warn_of_few(10_000, SearchOptions(max_drop=0.5))
    assert not caplog.text


@pytest.mark.parametrize(
    ("milliseconds", "worth", "expected"),
    [
        ((3.0, 2.0, 1.0), {"fp32", "fused-int8", "fused-static-int8"}, [STATIC, DYNAMIC, FLOAT]),
        ((3.0, 2.0, 1.0), {"fp32", "fused-static-int8"}, [STATIC, FLOAT]),
        ((3.0, 2.0, 1.0), {"fp32", "fp16", "fused-int8"}, [DYNAMIC, FLOAT]),
        ((1.0, 2.0, 3.0), {"fp32", "fused-int8"}, [FLOAT, DYNAMIC, STATIC]),
    ],
)
def test_another_int8_is_tried_before_float32(milliseconds, worth, expected):
    served = {chain.name: chain for chain in (FLOAT, DYNAMIC, STATIC)}
    times = zip(served, milliseconds, strict=True)
    by_length = {name: {s.name: [ms * s.layers] for s in NETWORKS} for name, ms in times}
    table = Table((8,), by_length, LARGE, (8,), 0.0)
    found = ways_to_serve(table, [SMALL, LARGE], served, worth, {"fp32": FLOAT, "int8": STATIC})
    assert found == expected


def test_what_differs_in_weights_alone_takes_equally_long():
    times = {"e1": 0.9, "e1-2": 1.3, "e1-2-4": 1.0}
    measured = [candidate(name, MIDDLE, mean_ms=ms, p95_ms=2 * ms) for name, ms in times.items()]
    found = calibrated([*measured, candidate("other", SMALL, mean_ms=0.5, yardstick_ms=8.0)])
    assert [c.figures["mean_ms"] for c in found[:3]] == [1.0, 1.0, 1.0]
    assert [c.figures["p95_ms"] for c in found[:3]] == [2.0, 2.0, 2.0]
    assert found[3].figures["mean_ms"] == 0.25, "it was measured while the machine was half as fast"


def test_of_cuts_that_differ_in_training_alone_the_nearest_to_the_uncompressed_model_is_taken():
    """And not the more accurate one, for one dev row more is luck; nor the smaller one, for that is rounding."""
    off = {"e1": (0.1, 0.09, 5e6), "e1-2": (0.4, 0.05, 5e6 + 1), "e1-2-4": (0.6, 0.04, 5e6)}
    each = [
        candidate(name, MIDDLE, drop=drop, divergence=far, bytes=size, mean_ms=1 + drop)
        for name, (drop, far, size) in off.items()
    ]
    other = candidate("slower", LARGE, divergence=0.0, mean_ms=9.0)
    assert choose(calibrated([*each, other]), [DROP, SIZE]).name == "e1-2", "the last one breaks a budget"


def test_where_nothing_keeps_the_answers_float32_that_is_least_beyond_stands_for_what_was_given(caplog):
    exact = [
        replace(candidate(name, LARGE, agreement=share, mean_ms=ms), chain=FLOAT, epochs=0, whole=True)
        for name, share, ms in (("plain", 0.99, 1.0), ("fused", 0.995, 2.0))
    ]
    found = [*exact, candidate("small", SMALL, agreement=0.97, mean_ms=0.1)]
    strict = [DROP, replace(CHURN, most=0.0)]
    best = choose(found, strict)
    assert best.name == "fused"
    announce(best, found, strict)
    assert "NOTHING keeps every budget" in caplog.text
    assert "max_churn 0.5 points, budget 0" in caplog.text
    assert choose(found, [*strict, SIZE]) is None, "a budget of size is not to be passed over"


def test_answers_are_beyond_their_budgets_by_the_sum_of_points():
    made = recovery(
        candidate("first", SMALL, drop=1.5, agreement=0.95, bytes=99e6),
        candidate("longer", SMALL, drop=0.1, agreement=0.975),
        candidate("good", LARGE, drop=-0.5, agreement=0.99),
    )
    assert made.missing() == {SMALL: pytest.approx(0.5), LARGE: 0.0}
    assert points_over(made.found[0].figures, made.limits) == pytest.approx(4.0), "training makes nothing smaller"


def test_a_chain_that_changes_too_many_answers_of_the_uncut_model_serves_no_cut():
    estimate = {"points": 0.4, "bound": 0.6}  # by which it is served; the bound is for the choice
    static = candidate("static", LARGE, agreement=0.98, mean_ms=0.5, whole=True)
    dynamic = replace(candidate("dynamic", LARGE, agreement=0.99, whole=True), chain=DYNAMIC)
    found = [replace(c, figures={**c.figures, "drop": estimate}) for c in (static, dynamic)]
    for most, names in ((1.0, {DYNAMIC.name}), (2.0, {STATIC.name, DYNAMIC.name}), (0.5, set())):
        assert worth_serving(found, limits(SearchOptions(max_churn=most))) == names
    assert fastest_chains(found, limits(SearchOptions(max_drop=1.0, max_churn=1.0))) == {"int8": DYNAMIC}
    assert fastest_chains(found, limits(SearchOptions(max_drop=1.0))) == {"int8": STATIC}


@pytest.mark.parametrize(("after", "trainings"), [((0.97,), 1), ((0.9, 0.89), 2), ((1.1,), 1)])
def test_the_chosen_cut_is_trained_further_while_that_takes_a_twentieth_of_its_divergence(after, trainings):
    made, ran = recovery(candidate("e1", MIDDLE, divergence=1.0)), []

    def train(structure: Structure, rounds: list[int]) -> bool:
        ran.append(rounds)
        made.found.append(candidate(f"e{len(ran)}", structure, divergence=after[len(ran) - 1]))
        return True

    made._rounds[MIDDLE], made._train = [1], train
    made.polish(MIDDLE)
    assert ran == [[1, 2], [1, 2, 4]][:trainings]


@pytest.mark.parametrize(
    ("figures", "beyond"),
    [
        ({"p95_ms": 2.5}, False),
        ({"p95_ms": 2.7}, True),
        ({"bytes": 10e6}, False),
        ({"bytes": 10.1e6}, True),
        ({"memory_bytes": 1.09e8}, False),
        ({"memory_bytes": 1.11e8}, True),
        ({"agreement": 0.5, "drop": {"bound": 50.0}}, False),
    ],
)
def test_what_no_training_mends(figures, beyond):
    """A size is exact; a time and a memory are beyond only when they are by more than one measurement may be off."""
    found = candidate("middle", MIDDLE, **figures)
    assert beyond_training(found.figures, limits(GIVEN)) == beyond
    assert not beyond_training(found.figures, limits(SearchOptions())), "no such budget was given"


SLOW, QUICK = {"p95_ms": 4.0}, {"p95_ms": 2.0}


@pytest.mark.parametrize(
    ("small", "middle", "again"),
    [
        ([], [SLOW], [SMALL]),
        ([SLOW], [QUICK], [MIDDLE]),
        ([SLOW], [{**SLOW, "yardstick_ms": 8.0}], [MIDDLE]),  # the machine was half as fast
        ([SLOW], [SLOW, QUICK, QUICK], [MIDDLE]),  # it was disturbed once
        ([{"bytes": 11e6}], [{"memory_bytes": 2e8}], []),
    ],
)
def test_a_cut_that_is_too_slow_or_too_large_is_trained_once_at_most(small, middle, again):
    measured = {SMALL: small, MIDDLE: middle}
    made, ran = recovery(*(candidate("uncut", LARGE) for _ in range(9))), []

    def train(structure: Structure, rounds: list[int]) -> bool:
        ran.append((structure, len(rounds)))
        made.found += [candidate("cut", structure, drop=9.0 / len(rounds), **f) for f in measured[structure] or [QUICK]]
        return True

    made._train = train
    made.run([SMALL, MIDDLE], 1)
    assert [structure for structure, number in ran if number == 2] == again


def test_a_cut_that_needed_no_training_but_is_too_slow_gets_none():
    untrained = replace(candidate("middle", MIDDLE, p95_ms=4.0), epochs=0)
    assert recovery(untrained).faster([SMALL, MIDDLE]) == [SMALL]
    larger = replace(untrained, chain=FLOAT)
    made = recovery(larger)
    made.chains = [FLOAT]
    assert made.faster([SMALL, MIDDLE]) == [SMALL, MIDDLE], "fp16 has not been tried"
