"""A run that is killed, or whose disk fails, loses nothing: a sample. All points: tests/benchmarks/faults.py."""

from __future__ import annotations

import random
import shutil

import pytest

from tests.faults import CALLS, Breakable
from tests.naive_bayes import RECIPE

POINTS = 4  # of each kind of fault
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


@pytest.fixture(scope="module")
def points(chain):
    """Every system call of a run: its name and which of that name it is."""
    counts = chain.count_calls(chain.recipe.parent / "counted")
    assert counts["fsync"] > 20
    return numbered(counts)


@pytest.fixture(scope="module")
def points_beside(chain, tmp_path_factory):
    """The same of a run that takes stages from its neighbour, and a folder with such a neighbour."""
    place = tmp_path_factory.mktemp("neighbours")
    chain.finish(place / "whole")
    counts = chain.count_calls(place / "counted", (*CALLS, "link"))
    assert counts["link"] > 20
    return place, numbered(counts)


def numbered(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(call, nth) for call, count in counts.items() for nth in range(1, count + 1)]


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
def test_a_run_whose_system_calls_fail_goes_on(chain, wanted, points, tmp_path, how):
    for call, nth in random.Random(how).sample(points, POINTS):
        run = tmp_path / f"{call}-{nth}/run"  # beside no other run, which would give it stages
        chain.fail(run, call, nth, how)
        chain.recover(run, wanted)


@pytest.mark.skipif(shutil.which("strace") is None, reason="faults are injected by strace, which is not installed")
@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_a_run_that_takes_stages_from_its_neighbours_goes_on_when_system_calls_fail(chain, wanted, points_beside, how):
    place, points = points_beside
    for call, nth in random.Random(how).sample(points, POINTS):
        run = place / f"{how}-{call}-{nth}"
        chain.fail(run, call, nth, how)
        chain.recover(run, wanted)
