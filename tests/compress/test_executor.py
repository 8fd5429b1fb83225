"""The executor and its workshop: what is made already, and how long each step took."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from workbench.api import Context
from workbench.io.files import read_json, replace_json
from workbench.testing.models import write_model
from workbench_compress import SearchOptions
from workbench_compress.candidates.candidate import Version
from workbench_compress.candidates.limits import limits_of
from workbench_compress.lab.executor import SearchExecutor
from workbench_compress.lab.models import Models
from workbench_compress.lab.workshop import ABOUT, Workshop
from workbench_compress.policy.state import Setup, State
from workbench_compress.space.architecture import Architecture, discover_space


@pytest.fixture
def lab(host, tmp_path) -> Workshop:
    (tmp_path / "work").mkdir()
    return Workshop(Context(host, 13, tmp_path / "work"), 60.0)


def test_a_step_that_was_made_with_other_options_is_made_again_and_has_its_own_seconds(lab, tmp_path):
    model = write_model(tmp_path / "bert")
    lab.passed("step", lambda: model, "drop-layers", layers=2)
    (first,) = lab.root.glob(f"step-*/{ABOUT}")
    replace_json(first, {**read_json(first), "seconds": 1e6})
    assert [lab.has_passed("step", "drop-layers", {"layers": n}) for n in (2, 1)] == [True, False]
    lab.passed("step", lambda: model, "drop-layers", layers=1)
    assert lab.has_passed("step", "drop-layers", {"layers": 1})
    assert lab.took("step") < 1e5


def test_only_what_was_made_with_the_options_of_this_search_costs_no_time(lab, tmp_path):
    """Or else a training of other options would begin where no time is left."""
    model = write_model(tmp_path / "bert")
    space, options = discover_space(lab.context.host.registry("passes"), model), SearchOptions()
    state = State(Setup(options, limits_of(options), (), space))
    version = Version(Architecture((1, 0, 0)))
    name = version.name(space)
    executor = SearchExecutor(Models(lab, model, space, data=None), bench=None)  # type: ignore[arg-type]
    lab.passed(name, lambda: model, "drop-layers", layers=2)
    assert name in lab.finished()
    assert executor.made(state) == frozenset()
    executor.models.model(version)
    lab.noted("latency-table-baseline", lambda: {})
    assert executor.made(state) == {name, "latency-table-baseline"}
