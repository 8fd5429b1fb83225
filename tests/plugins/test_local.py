"""The executor `local`: real processes, results in order, errors that come home whole."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from workbench.api import build_host, hookimpl
from workbench.components import Executor
from workbench.errors import MissingExtra, UsageProblem, WorkbenchError, unknown
from workbench_local import pool


def write_own_process(item):
    folder = Path(item["folder"])
    folder.mkdir()
    (folder / "square.txt").write_text(str(item["n"] ** 2))
    return {"n": item["n"], "process": os.getpid()}


def fail_on_two(item):
    if item["n"] == 2:
        raise WorkbenchError("two is too much", where="item 2", remedy="Take one")
    time.sleep(0.2)
    Path(item["folder"]).mkdir()


def lack_a_library(item):
    raise MissingExtra("torch is not installed", "train")


def misspell(item):
    raise unknown("trainer", "prob", ["probe", "finetune"])


def threads(item):
    return os.environ["OMP_NUM_THREADS"]


def die(item):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def local(host):
    return host.registry("executors")["local"]


@pytest.fixture
def items(tmp_path):
    return lambda count: [{"n": n, "folder": str(tmp_path / str(n))} for n in range(count)]


def test_results_come_in_the_order_of_the_items_from_other_processes(local, items, tmp_path):
    results = local(write_own_process, items(4), 2)
    assert [result["n"] for result in results] == [0, 1, 2, 3]
    assert os.getpid() not in {result["process"] for result in results}
    assert (tmp_path / "3" / "square.txt").read_text() == "9"


@pytest.mark.parametrize(("count", "workers"), [(3, 1), (1, 8), (3, 0)])
def test_where_one_process_is_enough_none_is_started(local, items, count, workers):
    assert {result["process"] for result in local(write_own_process, items(count), workers)} == {os.getpid()}


@pytest.mark.parametrize(
    ("chosen", "cores", "workers", "each"), [(None, 8, 2, "4"), (None, 2, 3, "1"), (None, 8, 9, "2"), ("7", 8, 2, "7")]
)
def test_the_workers_share_the_cores_unless_the_user_says_otherwise(
    local, items, monkeypatch, chosen, cores, workers, each
):
    monkeypatch.setattr(pool, "cores", lambda: cores)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if chosen:
        monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    assert local(threads, items(4), workers) == [each] * 4
    assert os.environ.get("OMP_NUM_THREADS") == chosen


def test_no_items_have_no_results(local):
    assert local(write_own_process, [], 4) == []


def test_an_error_of_a_worker_comes_home_and_the_rest_is_given_up(local, items, tmp_path):
    with pytest.raises(WorkbenchError) as caught:
        local(fail_on_two, items(30), 2)
    assert str(caught.value) == "item 2: two is too much. Take one."
    assert (caught.value.what, caught.value.where, caught.value.remedy) == ("two is too much", "item 2", "Take one")
    assert len(list(tmp_path.iterdir())) < 15


def test_errors_with_arguments_of_their_own_come_home_too(local, items):
    with pytest.raises(MissingExtra, match=r"torch is not installed.*intent-workbench\[train\]"):
        local(lack_a_library, items(2), 2)
    with pytest.raises(UsageProblem, match="Did you mean 'probe'") as caught:
        local(misspell, items(2), 2)
    assert caught.value.exit_code == 2


class Backwards:
    """A third party's executor, in this process."""

    @hookimpl
    def executors(self):
        return {"backwards": Executor(run=self.run, summary="last item first")}

    def run(self, function, items, workers):
        return [function(item) for item in reversed(items)][::-1]


def test_a_third_partys_executor_stands_beside_it_under_the_same_call(items, tmp_path):
    host = build_host()
    host.register(Backwards(), "backwards")
    assert {"local", "backwards"} <= set(host.registry("executors"))
    results = [
        host.registry("executors")[name](write_own_process, [*items(4)[part::2]], 2)
        for part, name in enumerate(("local", "backwards"))
    ]
    assert [[result["n"] for result in part] for part in results] == [[0, 2], [1, 3]]


def test_a_killed_worker_is_one_clear_line(local, items):
    with pytest.raises(WorkbenchError, match="a worker process was killed"):
        local(die, items(2), 2)
