"""A search that is killed goes on where it was; the same seed finds the same candidates."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.compress.harness import KEY
from workbench.io.digests import digest_file

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
MEASURED_TIMES = {"mean_ms", "p95_ms", "yardstick_ms", "memory_bytes"}


def finished(work: Path) -> dict[Path, int]:
    """What is done, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in work.glob("[!.]*/step.json")}


def killed(searching, place: Path, name: str, at: str) -> Path:
    """The work folder of a search that was killed as soon as something called `at` stood there."""
    work = place / name / "work"
    command = [sys.executable, "-m", "tests.compress.harness", str(place), str(searching.model.path), name]
    kill(command, work, at)
    return work


def kill(command: list[str], work: Path, at: str) -> Path:
    """Run it until something called `at` stands in `work`, and kill it then; that something."""
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    while not (found := list(work.glob(at))):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return found[0]


def test_the_command_finishes_what_was_killed(searching, tmp_path):
    searching.dataset.save(tmp_path / "data")
    aside, out = tmp_path / "aside", tmp_path / "bundle"
    options = ["--max-drop", "3", "--screened", "2", "--recovered", "1", "--minutes", "5"]
    where = ["--data", str(tmp_path / "data"), "-o", str(out), "--work", str(aside)]
    command = [sys.executable, "-m", "workbench", "compress", str(searching.model.path), *where, *options]
    work = kill(command, aside, f"compress-1-search-*/network-*-int8-{KEY}").parent
    before = finished(work)
    assert before
    assert not out.exists()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert before.items() <= finished(work).items()
    assert not list(work.glob(".*.partial"))
    assert (out / "model.onnx").is_file()
    assert (tmp_path / "bundle.measurements" / "search.json").is_file()


@pytest.mark.parametrize(("at", "minutes"), [(f"figures-baseline-int8-{KEY}", 0.0), (f".*-e1-{KEY}.partial", 5.0)])
def test_a_killed_search_goes_on_and_makes_nothing_twice(searching, tmp_path, at, minutes):
    """Killed early, in the middle (by the command, above) and late; one killed early need not go on to the end."""
    work = killed(searching, tmp_path, "killed", at)
    before = finished(work)
    assert before
    again = dataclasses.replace(searching, place=tmp_path)
    again.run("killed", minutes=minutes)
    assert before.items() <= finished(work).items()
    assert any(candidate["chosen"] for candidate in again.measurements("killed")["candidates"])
    assert not list(work.glob(".*.partial"))


def test_the_same_seed_finds_the_same_candidates(searching, tmp_path):
    """Given the same times of layers and of the baseline model, for which chain and which architecture is fast is the
    machine's."""
    work = tmp_path / "again" / "work"
    work.mkdir(parents=True)
    for name in ("latency-table-*", "figures-baseline-*"):
        for note in searching.work("whole").glob(name):
            shutil.copytree(note, work / note.name)
    again = dataclasses.replace(searching, place=tmp_path)
    again.run("again")
    one, two = searching.measurements("whole"), again.measurements("again")
    assert one["screening"] == two["screening"]
    known, found = ({c["name"]: c for c in measurements["candidates"]} for measurements in (one, two))
    assert known.keys() == found.keys()
    for name, candidate in known.items():
        same = candidate.keys() - MEASURED_TIMES - {"chosen", "misses"}
        assert {key: candidate[key] for key in same} == {key: found[name][key] for key in same}
    graphs = {path.relative_to(work): digest_file(path) for path in work.rglob("model.onnx")}
    assert len(graphs) >= len(found)  # those of the baseline model too
    for place, digest in graphs.items():
        assert digest_file(searching.work("whole") / place) == digest
