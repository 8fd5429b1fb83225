"""The run engine: content-addressed stages, published whole, never twice."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os

import pytest

from workbench.context import silent
from workbench.engine.run import Run
from workbench.engine.runner import Engine
from workbench.engine.stage import Stage
from workbench.engine.store import open_store
from workbench.errors import WorkbenchError


class Quiet:
    def started(self, stage):
        return silent

    def finished(self, record):
        pass


class Chain:
    """Three stages that count how often they worked: a number, its double, and the sum of both."""

    def __init__(self, host, path, number=1):
        self.host, self.path, self.number, self.worked = host, path, number, []
        self.harm = {}

    def stages(self):
        def writes(name, value):
            def work(inputs, out, context):
                self.worked.append(name)
                out.mkdir()
                (out / "half").write_text("half")
                if name in self.harm:
                    raise self.harm[name]
                (out / "half").unlink()
                (out / "value").write_text(str(value(inputs)))
                return {"value": value(inputs)}

            return work

        read = lambda inputs, name: int((inputs[name] / "value").read_text())  # noqa: E731
        return [
            Stage("number", "import", writes("number", lambda inputs: self.number), settings={"number": self.number}),
            Stage("double", "clean", writes("double", lambda inputs: 2 * read(inputs, "number")), needs=("number",)),
            Stage(
                "sum",
                "train",
                writes("sum", lambda i: read(i, "number") + read(i, "double")),
                needs=("number", "double"),
            ),
        ]

    def engine(self):
        return Engine(self.host, open_store(self.path), 13, Quiet(), {"seed": 13})

    def run(self, **how):
        self.worked.clear()
        return self.engine().run(self.stages(), **how)


def giving(*values):
    """Work that gives one of the values after the other."""
    answers = iter(values)

    def work(inputs, out, context):
        out.mkdir()
        (out / "value").write_text(next(answers))
        return {}

    return work


@pytest.fixture
def chain(host, tmp_path):
    return Chain(host, tmp_path / "run")


def value(run, kind="train"):
    return (run.stage(kind).path / "value").read_text()


def test_a_second_run_works_nothing(chain):
    first = chain.run()
    assert chain.worked == ["number", "double", "sum"]
    second = chain.run()
    assert chain.worked == []
    assert [stage.status for stage in second.stages] == ["cached"] * 3
    assert [stage.digest for stage in second.stages] == [stage.digest for stage in first.stages]
    assert value(second) == "3"


def test_a_change_works_what_depends_on_it_and_the_old_output_stays(chain):
    old = chain.run()
    chain.number = 5
    assert value(chain.run()) == "15"
    assert chain.worked == ["number", "double", "sum"]
    assert value(old) == "3"
    chain.number = 1
    assert value(chain.run()) == "3"
    assert chain.worked == []


def test_from_works_a_stage_and_all_after_it(chain):
    chain.run()
    chain.run(again="double")
    assert chain.worked == ["double", "sum"]
    chain.run(force=True)
    assert chain.worked == ["number", "double", "sum"]
    with pytest.raises(WorkbenchError, match="Did you mean 'double'"):
        chain.run(again="duoble")


def test_the_same_output_is_not_published_twice(chain):
    chain.run()
    chain.run(force=True)
    assert len(list((chain.path / "stages").iterdir())) == 3


def test_the_plan_says_what_a_run_would_do(chain):
    would = lambda **how: [planned.action for planned in chain.engine().plan(chain.stages(), **how)]  # noqa: E731
    assert would() == ["run"] * 3
    chain.run()
    assert would() == ["cached"] * 3
    assert would(again="sum") == ["cached", "cached", "run"]
    assert chain.worked == ["number", "double", "sum"]


def test_a_failure_leaves_nothing_half_written_and_the_next_run_goes_on(chain):
    chain.harm["double"] = WorkbenchError("no luck")
    with pytest.raises(WorkbenchError, match="no luck"):
        chain.run()
    assert [path.name[:6] for path in (chain.path / "stages").iterdir()] == ["number"]
    assert Run.load(chain.path).stages[-1].status == "failed"
    chain.harm.clear()
    assert value(chain.run()) == "3"
    assert chain.worked == ["double", "sum"]


def test_a_failure_leaves_an_earlier_good_run_the_current_one(chain):
    chain.run()
    chain.number, chain.harm["sum"] = 5, WorkbenchError("no luck")
    with pytest.raises(WorkbenchError):
        chain.run()
    assert value(Run.load(chain.path)) == "3"


def test_a_full_disk_is_one_clear_line(chain):
    chain.harm["sum"] = OSError(errno.ENOSPC, "No space left on device", "some/file")
    with pytest.raises(WorkbenchError, match=r"some/file: the disk is full. Free disk space"):
        chain.run()
    chain.harm["sum"] = RuntimeError("library: I/O error: No space left on device (os error 28)")
    with pytest.raises(WorkbenchError, match="stage sum: the disk is full"):
        chain.run()


def test_an_output_that_was_changed_by_hand_is_not_used(chain):
    run = chain.run()
    (run.stage("clean").path / "value").write_text("999")
    assert value(chain.run()) == "3"
    assert chain.worked == ["double"]


def test_a_remote_source_is_asked_in_every_run_and_keyed_by_what_it_gave(host, tmp_path):
    stage = Stage("import", "import", giving("one", "one", "two"), remote=True)
    engine = Engine(host, open_store(tmp_path / "run"), 13, Quiet(), {})
    runs = [engine.run([stage]) for _ in range(3)]
    assert [run.stages[0].status for run in runs] == ["finished", "cached", "finished"]
    assert [value(run, "import") for run in runs] == ["one", "one", "two"]


def test_an_unchanged_remote_source_is_cached_also_when_it_went_back_and_forth(host, tmp_path):
    stage = Stage("import", "import", giving(*"ABBBAA"), remote=True)
    engine = Engine(host, open_store(tmp_path / "run"), 13, Quiet(), {})
    runs = [engine.run([stage]) for _ in range(6)]
    assert [run.stages[0].status for run in runs] == ["finished", "finished", "cached", "cached", "cached", "cached"]
    assert [value(run, "import") for run in runs] == list("ABBBAA")
    assert len(list((tmp_path / "run/stages").iterdir())) == 2


def test_what_a_forced_stage_gave_stays_the_current_output(host, tmp_path):
    engine = Engine(host, open_store(tmp_path / "run"), 13, Quiet(), {})
    stage = Stage("dice", "train", giving(*"012"))
    values = [value(engine.run([stage], force=force)) for force in (False, True, False, True, False)]
    assert values == ["0", "1", "1", "2", "2"]


def test_a_damaged_label_makes_the_stage_run_again(chain):
    run = chain.run()
    (run.stage("clean").path.parent / "stage.json").write_text("")
    assert value(chain.run()) == "3"
    assert chain.worked == ["double"]


def test_what_observers_raise_changes_nothing(chain, host, caplog):
    from workbench.api import build_host, hookimpl

    seen = []

    class Loud:
        @hookimpl
        def stage_finished(self, stage):
            seen.append((stage.name, stage.status))
            raise RuntimeError("loud")

    chain.host = build_host()
    chain.host.register(Loud(), "loud")
    chain.run()
    assert seen == [("number", "finished"), ("double", "finished"), ("sum", "finished")]
    assert "plugin loud failed in stage_finished" in caplog.text


def _hold(path, ready, go):
    from workbench.io.lock import locked

    with locked(path):
        ready.set()
        go.wait(30)


def test_a_second_run_says_who_holds_the_folder(chain):
    chain.run()
    spawn = multiprocessing.get_context("spawn")
    ready, go = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=_hold, args=(chain.path, ready, go))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(WorkbenchError, match=f"process {holder.pid}"):
        chain.run()
    holder.kill()
    holder.join()
    assert value(chain.run()) == "3"


@pytest.mark.parametrize("what", ["file", "full folder"])
def test_a_folder_that_is_no_run_is_left_alone(tmp_path, what):
    place = tmp_path / "place"
    if what == "file":
        place.write_text("precious")
    else:
        place.mkdir()
        (place / "precious").write_text("x")
    with pytest.raises(WorkbenchError, match="place"):
        open_store(place)
    assert (place if what == "file" else place / "precious").exists()


def test_run_json_holds_no_absolute_path(chain):
    chain.run()
    text = (chain.path / "run.json").read_text()
    assert os.sep + "tmp" not in text
    assert json.loads(text)["stages"][0]["path"].startswith("stages/number-")
