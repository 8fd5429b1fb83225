"""Recovery in rounds: what is trained again, from where, and what the minutes forbid."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.compress.harness import ROOM, deviation
from workbench.errors import WorkbenchError
from workbench.io.files import read_json
from workbench.nouns.model import Model
from workbench_compress.lab.models import Models
from workbench_compress.lab.workshop import ABOUT, MODEL


@pytest.fixture
def lossy(searching, tmp_path, monkeypatch):
    """The search called `whole` after a first round, as if nothing had kept the budget as it is or by that."""
    monkeypatch.setattr("workbench_compress.policy.rules.ROUNDS", 3)  # seven epochs
    known, measurements = searching.known("whole", tmp_path), searching.measurements("whole")
    for name, path in known.steps("whole").items():
        if re.search("-e1-[0-9]", name):
            shutil.rmtree(path)
    for pruned in measurements["screening"]["pruned_models"]:
        known.note("whole", f"screening-{pruned['name']}", deviation(pruned["divergence"], 9.0))
    for candidate in measurements["candidates"]:
        if candidate["pruned"] and f"figures-{candidate['name']}" in known.steps("whole"):
            known.claim("whole", candidate["name"], points=4.0)
    return known


def spent(known) -> float:
    """Seconds that the steps of `whole` took."""
    return sum(read_json(path / ABOUT)["seconds"] for path in known.steps("whole").values())


def trained(known) -> set[str]:
    return {name for name in known.steps("whole") if re.fullmatch("layers[^-]*-heads[^-]*-width[^-]*-e[0-9-]+", name)}


def test_a_second_round_goes_on_from_the_first_for_twice_the_epochs(lossy):
    lossy.run("whole", max_drop=ROOM, minutes=1000.0)
    again = {name for name in trained(lossy) if name.endswith("-e1-2")}
    assert again
    for name in again:
        history = Model.load(lossy.step("whole", name) / MODEL).history
        first = Model.load(lossy.step("whole", name.removesuffix("-2")) / MODEL).history
        assert history[: len(first)] == first
        assert [step["options"]["epochs"] for step in history if step["step"] == "distil"] == [1, 2]
    assert 3 in {c["epochs"] for c in lossy.measurements("whole")["candidates"]}


@pytest.mark.parametrize(("divergence", "at_least", "at_most"), [(99.0, {1, 3, 7}, None), (0.0, {1, 3}, {1, 3})])
def test_the_chosen_one_is_trained_further_while_that_gains(searching, lossy, divergence, at_least, at_most):
    """From answers that are far off it gains, from the baseline model's own it cannot."""
    (first, *_) = [c for c in searching.measurements("whole")["candidates"] if c["epochs"] == 1]
    lossy.claim("whole", first["name"], divergence=divergence, mean_ms=1e-6, p95_ms=1e-6)
    lossy.run("whole", max_drop=ROOM, minutes=1000.0)
    found = [
        c
        for c in lossy.measurements("whole")["candidates"]
        if c["architecture"] == first["architecture"] and c["epochs"]
    ]
    epochs = {c["epochs"] for c in found if c["passes"] == first["passes"]}
    assert epochs >= at_least
    assert at_most is None or epochs == at_most


def test_a_training_that_would_end_too_late_does_not_begin(lossy):
    before = trained(lossy)
    made = lossy.run("whole", max_drop=ROOM, minutes=(spent(lossy) + 0.01) / 60)
    assert trained(lossy) == before
    chosen = next(c for c in lossy.measurements("whole")["candidates"] if c["chosen"])
    assert not chosen["misses"]
    assert made.history[-1]["chosen"] == chosen["name"]


@pytest.mark.parametrize("ending", ["-e1", "-e1-2"])
def test_a_training_that_fails_leaves_out_its_architecture_and_nothing_else(lossy, ending, monkeypatch, caplog):
    """As one whose loss is nan: it would fail again, for a resumed search has the same seed."""
    honest, failed, trained = Models.model, [], []

    def model(models, version):
        name = version.name(models.space)
        if version.rounds and name.endswith(ending) and not failed:
            failed.append(name.removesuffix(ending))
            raise WorkbenchError("the loss is nan")
        if version.rounds:
            trained.append(name)
        return honest(models, version)

    monkeypatch.setattr(Models, "model", model)
    made = lossy.run("whole", max_drop=ROOM, minutes=1000.0)
    assert f"{failed[0]}{ending} is left out: the loss is nan" in caplog.text
    assert any(not name.startswith(f"{failed[0]}-e") for name in trained), "others were trained"
    assert not any(name == f"{failed[0]}{ending}" for name in trained), "it was not tried again"
    measurements = lossy.measurements("whole")
    assert made.history[-1]["chosen"] == measurements["chosen"]
    assert [c for c in measurements["candidates"] if c["epochs"]]
