"""A run that is killed, or whose disk fails, loses nothing. All points: tests/benchmarks/faults.py."""

from __future__ import annotations

import random
import shutil

import pytest

from tests import faults
from tests.naive_bayes import RECIPE

STAGES = ("import", "clean", "train", "evaluate", "compress-1-bayes-onnx", "bundle", "measure", "gate")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "recipe.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def wanted(recipe):
    """Stage -> digest of an uninterrupted run."""
    outcome = faults.finish(recipe, recipe.parent / "whole")
    assert [stage["name"] for stage in outcome["stages"]] == list(STAGES)
    return {stage["name"]: stage["digest"] for stage in outcome["stages"]}


def test_another_folder_gives_the_same_digests(recipe, wanted, tmp_path):
    moved = tmp_path / "elsewhere" / "other-name.toml"
    moved.parent.mkdir()
    shutil.copy(recipe, moved)
    outcome = faults.finish(moved, tmp_path / "run")
    assert {stage["name"]: stage["digest"] for stage in outcome["stages"]} == wanted


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_killed_in_a_stage_goes_on_from_there(recipe, wanted, tmp_path, stage):
    assert faults.killed_in(recipe, tmp_path / "run", stage)
    assert faults.check_recovery(recipe, tmp_path / "run", wanted) >= STAGES.index(stage)


@pytest.mark.skipif(shutil.which("strace") is None, reason="faults are injected by strace, which is not installed")
@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_a_run_whose_system_calls_fail_goes_on(recipe, wanted, tmp_path, how):
    counts = faults.count_calls(recipe, tmp_path / "counted")
    points = [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)]
    assert counts["fsync"] > 20
    for call, nth in random.Random(how).sample(points, 8):
        run = tmp_path / f"{call}-{nth}"
        faults.broken(recipe, run, call, nth, how)
        faults.check_recovery(recipe, run, wanted)
