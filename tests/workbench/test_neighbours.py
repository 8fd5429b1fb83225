"""A run takes equal stages from the runs beside it, whole and verified, and owes them nothing afterwards."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from workbench.api import build_host
from workbench.context import silent
from workbench.engine.progress import SilentProgress
from workbench.engine.run import Run
from workbench.engine.runner import Engine
from workbench.engine.stage import Stage
from workbench.engine.store import open_store
from workbench.engine.workspace_cache import WorkspaceCache
from workbench.io.lock import locked


class Sums:
    """Runs of two stages in one workspace: a number with a measured time, and a sum of the number and a summand."""

    def __init__(self, workspace):
        self.host, self.workspace, self.worked = build_host([]), workspace, []

    def stages(self, summand=1, **number):
        def write_number(inputs, out, context):
            self.worked.append("number")
            (out / "deep").mkdir(parents=True)
            (out / "deep/value").write_text("40")
            context.measurements.mkdir()
            (context.measurements / "time").write_text(str(len(self.worked)))
            return {"value": 40}

        def write_sum(inputs, out, context):
            self.worked.append("sum")
            out.mkdir()
            (out / "value").write_text(str(int((inputs["number"] / "deep/value").read_text()) + summand))
            return {}

        return [
            Stage("number", "import", write_number, **number),
            Stage("sum", "train", write_sum, needs=("number",), settings={"summand": summand}),
        ]

    def engine(self, name, progress=None):
        path = self.workspace / name
        return Engine(self.host, open_store(path), 13, progress or SilentProgress(), {}, WorkspaceCache(path))

    def run(self, name, summand=1, *, how=None, **number):
        self.worked.clear()
        return self.engine(name).run(self.stages(summand, **number), **(how or {}))


@pytest.fixture
def sums(tmp_path):
    return Sums(tmp_path / "runs")


def told(run):
    return [(stage.status, stage.origin and stage.origin.name) for stage in run.stages]


def test_what_is_equal_is_taken_and_what_differs_is_worked(sums):
    sums.run("first")
    second = sums.run("second", summand=2)
    assert sums.worked == ["sum"]
    assert told(second) == [("cached", "first"), ("finished", None)]
    number, total = second.stages
    assert number.path.is_relative_to(second.path)
    assert (number.measurements / "time").read_text() == "1"
    assert (total.path / "value").read_text() == "42"
    assert Run.load(second.path) == second
    assert str(sums.workspace) not in (second.path / "run.json").read_text()


@pytest.mark.parametrize("odd", ["copy", "1.bak", "\u00b2"])
def test_an_odd_folder_in_a_neighbour_ends_no_run(sums, odd):
    number = sums.run("first").stages[0].path.parent
    shutil.copytree(number, number.with_name(f"{number.name}-{odd}"))
    assert told(sums.run("second")) == [("cached", "first"), ("cached", "first")]
    assert sums.run("first", how={"force": True}).stages[0].path.parent.name == f"{number.name}-2"


def test_a_workspace_that_cannot_be_listed_ends_no_run(sums, monkeypatch, caplog):
    sums.run("first")
    listed = Path.glob

    def glob(path, pattern, **more):
        if path == sums.workspace:
            raise OSError(errno.EIO, "Input/output error")
        return listed(path, pattern, **more)

    monkeypatch.setattr(Path, "glob", glob)
    assert told(sums.run("second")) == [("finished", None), ("finished", None)]
    assert "are not reused: [Errno 5] Input/output error" in caplog.text


def test_a_run_lives_on_without_the_one_that_it_took_stages_from(sums):
    first = sums.run("first").path
    second = sums.run("second").path
    shutil.rmtree(first)
    second.rename(second.with_name("moved"))
    assert told(sums.run("moved")) == [("cached", None), ("cached", None)]
    assert sums.worked == []


def test_files_are_linked_where_the_file_system_can_and_copied_elsewhere(sums, monkeypatch):
    inode = lambda run: (run.stages[0].path / "deep/value").stat().st_ino  # noqa: E731
    first = sums.run("first")
    assert inode(sums.run("linked")) == inode(first)

    def refuse(source, target):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    copied = sums.run("copied")
    assert told(copied) == [("cached", "first")] * 2
    assert inode(copied) != inode(first)


def test_the_plan_says_where_a_stage_comes_from_and_takes_nothing(sums):
    sums.run("first")
    plan = sums.engine("second").plan(sums.stages(summand=2))
    assert [(planned.action, planned.origin) for planned in plan] == [
        ("cached", sums.workspace / "first"),
        ("run", None),
    ]
    assert not list((sums.workspace / "second/stages").iterdir())


@pytest.mark.parametrize("harm", ["output", "label", "run.json", "unreadable"])
def test_a_damaged_neighbour_is_passed_over_and_logged(sums, caplog, harm):
    stage = sums.run("first").stages[0].path.parent
    if harm == "output":
        (stage / "out/deep/value").write_text("666")
    elif harm == "label":
        (stage / "stage.json").write_text("{")
    elif harm == "run.json":
        (sums.workspace / "first/run.json").write_text("{")
    else:
        (stage / "stage.json").unlink()
        (stage / "stage.json").mkdir()
    second = sums.run("second")
    assert sums.worked[0] == "number"
    assert "first" in caplog.text
    assert "not reused" in caplog.text
    assert (second.stages[1].path / "value").read_text() == "41"
    assert told(sums.run("third"))[0] == ("cached", "second")


def test_half_a_stage_is_not_taken(sums):
    stage = sums.run("first").stages[0].path.parent
    stage.rename(stage.with_name(f".{stage.name}.partial"))
    sums.run("second")
    assert sums.worked == ["number"]


def test_a_neighbour_at_work_gives_what_it_has_published(sums):
    with locked(sums.run("first").path):
        assert told(sums.run("second")) == [("cached", "first")] * 2


def test_a_neighbour_that_drops_the_stage_meanwhile_is_passed_over(sums, caplog):
    first = sums.run("first")
    stages = sums.stages(reusable=lambda record: not shutil.rmtree(first.path / "stages"))
    sums.worked.clear()
    done = sums.engine("second").run(stages)
    assert told(done) == [("finished", None)] * 2
    assert "the stage number of" in caplog.text
    assert not list(done.path.glob("stages/.*"))


def test_a_kill_while_a_stage_is_taken_leaves_no_half_of_it(sums):
    def kill(out):
        assert (out / "deep/value").is_file()
        raise KeyboardInterrupt

    sums.run("first")
    with pytest.raises(KeyboardInterrupt):
        sums.run("second", reused=kill)
    assert not list((sums.workspace / "second/stages").iterdir())
    assert told(sums.run("second")) == [("cached", "first")] * 2


def test_force_works_every_stage_of_its_own(sums):
    sums.run("first")
    assert told(sums.run("second", how={"force": True})) == [("finished", None)] * 2
    assert told(sums.run("third", how={"again": "sum"})) == [("cached", "first"), ("finished", None)]


def test_a_source_that_is_asked_in_every_run_is_asked(sums):
    sums.run("first", remote=True)
    second = sums.run("second", remote=True)
    assert sums.worked == ["number"]
    assert told(second) == [("finished", None), ("cached", "first")]


def test_a_stage_may_refuse_the_output_of_another_run(sums):
    sums.run("first")
    assert told(sums.run("second", reusable=lambda record: False))[0] == ("finished", None)


def test_the_runs_of_other_users_are_not_trusted(sums, monkeypatch):
    sums.run("first")
    owner = sums.workspace.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert told(sums.run("second")) == [("finished", None)] * 2


def test_a_run_named_by_a_dot_finds_its_neighbours(sums, monkeypatch):
    sums.run("first")
    (sums.workspace / "second").mkdir()
    monkeypatch.chdir(sums.workspace / "second")
    sums.workspace = Path()
    done = sums.run(".")
    for run in (done, Run.load(done.path)):
        assert [stage.origin for stage in run.stages] == [Path("../first")] * 2


def _take(workspace, name, barrier):
    barrier.wait(60)
    Sums(workspace).run(name)


def test_runs_that_take_the_same_stages_at_once_do_not_disturb_each_other(sums):
    sums.run("first")
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    takers = [spawn.Process(target=_take, args=(sums.workspace, f"taker-{n}", barrier)) for n in range(3)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(120)
        assert taker.exitcode == 0
    for n in range(3):
        run = Run.load(sums.workspace / f"taker-{n}")
        assert [stage.status for stage in run.stages] == ["cached", "cached"]
        assert json.loads((run.stages[0].path.parent / "stage.json").read_text())["digest"] == run.stages[0].digest


def test_the_log_of_a_silent_run_takes_figures():
    assert SilentProgress().started(Stage("s", "train", lambda *_: {})) is silent
