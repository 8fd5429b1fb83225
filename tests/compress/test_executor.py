"""The executor and its workshop: what is made already, and how long each step took."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from tests.compress.synthetic import SMALL, SPACE, deviation, state
from workbench.api import Context, Pass, option
from workbench.io.files import read_json, replace_json
from workbench.nouns.model import Model
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.executor import SearchExecutor
from workbench_compress.lab.models import Models
from workbench_compress.lab.workshop import ABOUT, Workshop
from workbench_compress.policy.actions import Compare


@dataclass(frozen=True)
class DropOptions:
    """How much stays."""

    layers: int = option(9, "layers that stay")


def drop(model, out, options, context):
    out.mkdir()
    return dataclasses.replace(model, path=out).save()


@pytest.fixture
def model(tmp_path) -> Model:
    (tmp_path / "given").mkdir()
    return Model(tmp_path / "given", "torch", "intent", ("one", "two"), 64).save()


@pytest.fixture
def lab(tmp_path) -> Workshop:
    """With one pass, which prunes by the one dimension of SPACE."""
    (tmp_path / "work").mkdir()
    passes = {"drop": Pass(run=drop, options=DropOptions, summary="", role="prune", consumes="torch", produces="torch")}
    return Workshop(Context(SimpleNamespace(registry=lambda hook: passes), 13, tmp_path / "work"), 60.0)


def test_a_step_that_was_made_with_other_options_is_made_again_and_has_its_own_seconds(lab, model):
    lab.passed("step", lambda: model, "drop", layers=2)
    (first,) = lab.root.glob(f"step-*/{ABOUT}")
    replace_json(first, {**read_json(first), "seconds": 1e6})
    assert [lab.has_passed("step", "drop", {"layers": n}) for n in (2, 1)] == [True, False]
    lab.passed("step", lambda: model, "drop", layers=1)
    assert lab.has_passed("step", "drop", {"layers": 1})
    assert lab.took("step") < 1e5


def test_only_what_was_made_with_the_options_of_this_search_costs_no_time(lab, model):
    """Or else a training of other options would begin where no time is left."""
    version = Version(SMALL)
    name = version.name(SPACE)
    executor = SearchExecutor(Models(lab, model, SPACE, data=None), bench=None)
    lab.passed(name, lambda: model, "drop", layers=3)
    assert name in lab.finished()
    assert executor.made(state()) == frozenset()
    executor.models.model(Version(SMALL))
    lab.noted("latency-table-baseline", lambda: {})
    assert {name, "latency-table-baseline"} <= executor.made(state())


def test_the_time_that_a_comparison_takes_counts_for_what_follows_a_training(lab, monkeypatch):
    """`affords` asks how long a version took from the end of its training to its last candidate."""
    now = [100.0]
    monkeypatch.setattr("workbench_compress.lab.workshop.time.monotonic", lambda: now[0])

    def compared(_):
        now[0] += 15.0
        return deviation(1.0)

    version = Version(SMALL)
    bench = SimpleNamespace(confidence=0.7, predictions=lambda model: model, deviation=compared)
    models = SimpleNamespace(lab=lab, space=SPACE, model=lambda version: None)
    after = SearchExecutor(models, bench).carry_out(Compare(version), state(serving_seconds={version: 5.0}))
    assert after.serving_seconds == {version: 20.0}
    assert set(after.deviations) == {version}
