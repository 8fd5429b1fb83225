"""Which candidates count while cuts are trained, and which of equal computations is taken: no model is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.nouns.model import Model
from workbench_compress.candidate import Candidate, Limit, calibrated
from workbench_compress.chains import Chain
from workbench_compress.choosing import choose
from workbench_compress.recovering import Recovery
from workbench_compress.search import ways_to_serve
from workbench_compress.structure import Structure
from workbench_compress.table import Table

SMALL, MIDDLE, LARGE = (Structure(layers, 12, 1536) for layers in (2, 4, 6))
STATIC = Chain("int8", fused=True, static=True)
DYNAMIC, FLOAT = Chain("int8", fused=True), Chain("fp32")
NETWORKS = [Structure(layers, 12, 1536) for layers in (1, 3)]  # of the table
DROP = Limit("max_drop", 0.5, "points", lambda c: c.drop)
SIZE = Limit("max_size_mb", 10.0, "MB", lambda c: c.figures["bytes"] / 1e6)


def candidate(name: str, structure: Structure, *, drop: float = 0.0, **figures: Any) -> Candidate:
    """One that keeps all budgets unless its figures say otherwise."""
    usual = {"labels_changed_by_company": 0, "score_changed_by_company": 0.0, "bytes": 5e6, "mean_ms": 1.0}
    more = {"p95_ms": 2.0, "yardstick_ms": 4.0, "drop": {"bound": drop}}
    model = Model(Path(name), "onnx", "intent", ("one", "two"), 64)
    return Candidate(name, STATIC, model, {**usual, **more, **figures}, structure, epochs=1, whole=False)


def recovery(*found: Candidate) -> Recovery:
    """One that has measured so much; the time of a structure is the number of its layers."""
    nothing: Any = None
    return Recovery(nothing, nothing, nothing, [STATIC], lambda s: s.layers, [DROP, SIZE], None, 0, found=list(found))


@pytest.mark.parametrize(
    ("figures", "left"),
    [
        ({}, [SMALL]),
        ({"drop": 0.6}, [SMALL, LARGE]),
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


def test_of_equally_fast_ones_the_more_accurate_is_taken():
    drops = {"e1": 0.4, "e1-2": 0.1, "e1-2-4": 0.3}
    found = calibrated([candidate(name, MIDDLE, drop=drop, mean_ms=1 + drop) for name, drop in drops.items()])
    assert choose(found, [DROP, SIZE]).name == "e1-2"
