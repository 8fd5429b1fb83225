"""The executor and its workshop: what is made already, and how long each step took."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from tests.compress.synthetic import DYNAMIC, FLOAT, FULL, SMALL, SPACE, state
from workbench.api import Context, Pass, WorkbenchError, option
from workbench.io.files import read_json, replace_json
from workbench.nouns.model import Model
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.executor import SearchExecutor
from workbench_compress.lab.models import Models
from workbench_compress.lab.workshop import ABOUT, Workshop
from workbench_compress.policy.actions import Prune, Serve


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
    lab.passed("step", model, "drop", {"layers": 2})
    (first,) = lab.root.glob(f"step-*/{ABOUT}")
    replace_json(first, {**read_json(first), "seconds": 1e6})
    assert [lab.has_passed("step", "drop", {"layers": n}) for n in (2, 1)] == [True, False]
    before = lab.seconds
    lab.passed("step", model, "drop", {"layers": 1})
    assert lab.has_passed("step", "drop", {"layers": 1})
    assert lab.seconds - before < 1e5


def test_only_what_was_made_with_the_options_of_this_search_costs_no_time(lab, model):
    """Or else a training of other options would begin where no time is left."""
    version, models = Version(SMALL), Models(lab, model, SPACE, data=None)
    lab.passed(version.name(SPACE), model, "drop", {"layers": 3})
    assert list(models.made([Version(FULL)], epochs=1)) == []
    models.model(version)
    assert version in models.made([Version(FULL)], epochs=1)


def test_what_cannot_be_made_is_left_out_and_what_the_search_needs_is_refused(lab, model, monkeypatch, caplog):
    def fails(*_):
        raise WorkbenchError("it is damaged")

    monkeypatch.setattr(lab, "passed", fails)
    executor, found = SearchExecutor(Models(lab, model, SPACE, data=None), bench=None), state()
    others = [Serve(Version(FULL), chain) for chain in (DYNAMIC, dataclasses.replace(FLOAT, name="other-fp32"))]
    for action in (Prune(Version(SMALL)), Serve(Version(SMALL), FLOAT), *others):
        assert executor.carry_out(action, found).failed == {action}
    assert "layers2 is left out: it is damaged" in caplog.text
    with pytest.raises(WorkbenchError, match="it is damaged"):
        executor.carry_out(Serve(Version(FULL), FLOAT), found)
