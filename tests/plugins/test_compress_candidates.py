"""Which candidates count while cuts are trained, and which of equal computations is taken: no model is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.nouns.model import Model
from workbench_compress import SearchOptions
from workbench_compress.candidate import Candidate, Limit, calibrated, churn, lacks, limits
from workbench_compress.chains import Chain
from workbench_compress.choosing import choose
from workbench_compress.recovering import Recovery
from workbench_compress.search import ways_to_serve, worth_serving
from workbench_compress.structure import Structure
from workbench_compress.table import Table
from workbench_compress.uncut import fastest_chains

SMALL, MIDDLE, LARGE = (Structure(layers, 12, 1536) for layers in (2, 4, 6))
STATIC = Chain("int8", fused=True, static=True)
DYNAMIC, FLOAT = Chain("int8", fused=True), Chain("fp32")
NETWORKS = [Structure(layers, 12, 1536) for layers in (1, 3)]  # of the table
DROP = Limit("max_drop", 0.5, "points", lambda f: f["drop"]["bound"])
CHURN = Limit("max_churn", 2.0, "points", churn)
SIZE = Limit("max_size_mb", 10.0, "MB", lambda f: f["bytes"] / 1e6)


def candidate(name: str, structure: Structure, *, drop: float = 0.0, **figures: Any) -> Candidate:
    """One that keeps all budgets unless its figures say otherwise."""
    usual = {"labels_changed_by_company": 0, "score_changed_by_company": 0.0, "bytes": 5e6, "mean_ms": 1.0}
    more = {"p95_ms": 2.0, "yardstick_ms": 4.0, "drop": {"bound": drop}, "agreement": 1.0, "divergence": 0.0}
    model = Model(Path(name), "onnx", "intent", ("one", "two"), 64)
    return Candidate(name, STATIC, model, {**usual, **more, **figures}, structure, epochs=1, whole=False)


def recovery(*found: Candidate) -> Recovery:
    """One that has measured so much; the time of a structure is the number of its layers."""
    nothing: Any = None
    return Recovery(
        nothing, nothing, nothing, [STATIC], lambda s: s.layers, [DROP, CHURN, SIZE], None, 0, found=list(found)
    )


@pytest.mark.parametrize(
    ("figures", "left"),
    [
        ({}, [SMALL]),
        ({"drop": 0.6}, [SMALL, LARGE]),
        ({"agreement": 0.97}, [SMALL, LARGE]),
        ({"bytes": 11e6}, [SMALL, LARGE]),
        ({"labels_changed_by_company": 1}, [SMALL, LARGE]),
    ],
)
def test_only_a_cut_that_keeps_every_budget_ends_the_search_for_slower_ones(figures, left):
    assert recovery(candidate("middle", MIDDLE, **figures)).faster([SMALL, MIDDLE, LARGE]) == left


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


def test_of_equally_fast_ones_the_one_nearest_to_the_uncompressed_model_is_taken():
    """And not the more accurate one: of few dev rows one more is luck."""
    off = {"e1": (0.1, 0.09), "e1-2": (0.4, 0.05), "e1-2-4": (0.6, 0.04)}
    each = [candidate(n, MIDDLE, drop=drop, divergence=far, mean_ms=1 + drop) for n, (drop, far) in off.items()]
    assert choose(calibrated(each), [DROP, SIZE]).name == "e1-2", "the last one breaks a budget"


def test_what_answers_lack_is_the_sum_over_their_budgets():
    made = recovery(
        candidate("first", SMALL, drop=1.5, agreement=0.95, bytes=99e6),
        candidate("longer", SMALL, drop=0.1, agreement=0.975),
        candidate("good", LARGE, drop=-0.5, agreement=0.99),
    )
    assert made.missing() == {SMALL: pytest.approx(0.5), LARGE: 0.0}
    assert lacks(made.found[0].figures, made.limits) == pytest.approx(4.0), "more training makes nothing smaller"


def test_a_chain_that_changes_too_many_answers_of_the_uncut_model_serves_no_cut():
    made = [
        candidate(name, LARGE, agreement=share, drop=0.0) for name, share in (("static", 0.985), ("dynamic", 0.992))
    ]
    given = {c.name: replace(c, chain=STATIC if c.name == "static" else DYNAMIC) for c in made}
    points = {n: replace(c, figures={**c.figures, "drop": {"points": 0.0, "bound": 0.1}}) for n, c in given.items()}
    found = [*points.values()]
    assert worth_serving(found, SearchOptions(max_churn=1.0)) == {DYNAMIC.name}
    assert worth_serving(found, SearchOptions()) == {STATIC.name, DYNAMIC.name}
    assert fastest_chains(found, limits(SearchOptions(max_churn=1.0))) == {"int8": DYNAMIC}
