"""A run that is killed, or whose disk fails, loses nothing. All points: tests/benchmarks/faults.py."""

from __future__ import annotations

import random
import shutil

import pytest

from tests.faults import CALLS, Breakable
from tests.naive_bayes import RECIPE

STAGES = ("import", "clean", "train", "evaluate", "compress-1-bayes-onnx", "calibrate", "bundle", "measure", "gate")


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "recipe.toml"
    path.write_text(RECIPE)
    return Breakable(path)


@pytest.fixture(scope="module")
def wanted(chain):
    """Stage -> digest of an uninterrupted run."""
    digests = chain.digests(chain.recipe.parent / "whole")
    assert tuple(digests) == STAGES
    return digests


def test_another_folder_gives_the_same_digests(chain, wanted, tmp_path):
    moved = tmp_path / "elsewhere" / "other-name.toml"
    moved.parent.mkdir()
    shutil.copy(chain.recipe, moved)
    assert Breakable(moved).digests(tmp_path / "run") == wanted


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_killed_in_a_stage_goes_on_from_there(chain, wanted, tmp_path, stage):
    assert chain.kill(tmp_path / "run", stage)
    assert chain.recover(tmp_path / "run", wanted) >= STAGES.index(stage)


@pytest.mark.skipif(shutil.which("strace") is None, reason="faults are injected by strace, which is not installed")
@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_a_run_whose_system_calls_fail_goes_on(chain, wanted, tmp_path, how):
    counts = chain.count_calls(tmp_path / "counted")
    points = [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)]
    assert counts["fsync"] > 20
    for call, nth in random.Random(how).sample(points, 8):
        run = tmp_path / f"{call}-{nth}/run"  # beside no other run, which would give it stages
        chain.fail(run, call, nth, how)
        chain.recover(run, wanted)


@pytest.mark.skipif(shutil.which("strace") is None, reason="faults are injected by strace, which is not installed")
@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_a_run_that_takes_stages_from_its_neighbours_goes_on_when_system_calls_fail(chain, wanted, tmp_path, how):
    chain.finish(tmp_path / "whole")
    counts = chain.count_calls(tmp_path / "counted", (*CALLS, "link"))
    assert counts["link"] > 20
    points = [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)]
    for call, nth in random.Random(how).sample(points, 8):
        run = tmp_path / f"{call}-{nth}"
        chain.fail(run, call, nth, how)
        chain.recover(run, wanted)
