"""What is left of an attempt that a budget refused, and what a stage says of itself: of verbs and of runs."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from workbench.api import build_host, hookimpl
from workbench.cli.progress import TerminalProgress
from workbench.cli.root import build_cli
from workbench.components import Cleaner
from workbench.engine.run import Run
from workbench.engine.runner import Engine
from workbench.engine.stage import Stage
from workbench.engine.store import open_store
from workbench.engine.summary import Summary, read_summary
from workbench.errors import GateRefused, WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.options import option


class Refuses:
    """A cleaner that writes measurements and is refused while `most` rows are fewer than there are."""

    @hookimpl
    def cleaners(self):
        return {"refuses": Cleaner(run=self.clean, options=Limit, summary="")}

    @staticmethod
    def clean(dataset, out, options, context) -> Dataset:
        if options.writes:
            context.measurements.mkdir()
            (context.measurements / "most").write_text(str(options.most))
        if options.breaks:
            raise OSError(5, "broken", "disk")
        if options.links:
            out.mkdir()
            (out / "link").symlink_to("/")
        if options.spoils:
            spoil(context.measurements)
        if len(dataset) > options.most:
            raise GateRefused(f"has {len(dataset)} rows")
        if options.writes:
            Summary(("all rows kept", "and none lost"), {"most": options.most}).save(context.measurements)
        return dataset


@dataclass(frozen=True)
class Limit:
    most: int = option(1, "rows at most")
    writes: bool = option(True, "measurements")
    breaks: bool = option(False, "fail otherwise")
    links: bool = option(False, "leave an output that cannot be published")
    spoils: bool = option(False, "leave measurements that cannot be kept")


def spoil(measurements):
    """Put into the measurements what the system does not open."""
    with contextlib.chdir(measurements):
        socket.socket(socket.AF_UNIX).bind("socket")


@pytest.fixture
def clean(small_dataset, tmp_path):
    """Clean 72 rows into `tmp_path / "made"`."""
    host = build_host([])
    host.register(Refuses(), "refuses")
    small_dataset.save(tmp_path / "data")
    words = ("clean", tmp_path / "data", "--use", "refuses", "-o", tmp_path / "made")
    cli = build_cli(host)
    return lambda *more: CliRunner().invoke(
        cli, [*map(str, words), *(word.replace("--", "--refuses.") for word in more)]
    )


def listed(folder):
    return {path.name for path in folder.iterdir()}


def test_a_refused_verb_keeps_its_measurements_which_the_next_attempt_replaces(clean, tmp_path):
    done = clean("--most", "2")
    assert done.exit_code == 3
    assert f"wrote {tmp_path / 'made.measurements'}" in done.stderr
    assert listed(tmp_path) == {"data", "made.measurements"}
    assert (tmp_path / "made.measurements/most").read_text() == "2"
    assert "has 72 rows" in json.loads((tmp_path / "made.measurements/refused.json").read_text())["error"]
    assert clean("--most", "3").exit_code == 3
    assert (tmp_path / "made.measurements/most").read_text() == "3"
    assert clean("--most", "100").exit_code == 0
    assert listed(tmp_path) == {"data", "made", "made.measurements"}
    assert listed(tmp_path / "made.measurements") == {"most", "summary.json"}
    assert (tmp_path / "made.measurements/most").read_text() == "100"


def test_an_output_without_measurements_takes_a_refusals_away(clean, tmp_path):
    assert clean().exit_code == 3
    assert clean("--most", "100", "--no-writes").exit_code == 0
    assert listed(tmp_path) == {"data", "made"}


def test_a_refusals_measurements_stays_until_there_is_something_newer(clean, tmp_path):
    assert clean("--no-writes").exit_code == 3
    assert listed(tmp_path) == {"data"}
    assert clean("--most", "2").exit_code == 3
    assert clean("--no-writes").exit_code == 3
    assert clean("--most", "5", "--breaks").exit_code == 1
    assert listed(tmp_path) == {"data", "made.measurements"}
    assert (tmp_path / "made.measurements/most").read_text() == "2"


def test_a_refusals_measurements_outlives_an_output_that_cannot_be_published(clean, tmp_path):
    assert clean("--most", "2").exit_code == 3
    done = clean("--most", "100", "--links")
    assert (done.exit_code, "symbolic link" in done.output) == (1, True)
    assert listed(tmp_path) == {"data", "made.measurements"}
    assert (tmp_path / "made.measurements/most").read_text() == "2"


def test_a_refusal_whose_measurements_cannot_be_kept_stays_a_refusal(clean, tmp_path, caplog):
    done = clean("--most", "2", "--spoils")
    assert (done.exit_code, "has 72 rows" in done.stderr) == (3, True)
    assert "cannot be kept" in caplog.text
    assert "socket" in caplog.text
    assert listed(tmp_path) == {"data"}


def test_a_refusal_takes_no_measurements_that_belongs_to_an_output(clean, tmp_path):
    assert clean("--most", "100").exit_code == 0
    for elsewhere in (False, True):
        if elsewhere:
            (tmp_path / "made").rename(tmp_path / "elsewhere")
        done = clean("--most", "2")
        assert (done.exit_code, "exists already and is not overwritten" in done.output) == (1, True)
        assert (tmp_path / "made.measurements/most").read_text() == "100"


def test_a_verb_says_what_the_summary_says(clean, tmp_path):
    done = clean("--most", "100")
    assert f"wrote {tmp_path / 'made'}\nall rows kept\nand none lost\n" in done.stderr


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"words": "x", "figures": {}}', '{"words": [], "figures": 1}'])
def test_a_summary_that_is_none_is_logged_and_passed_over(tmp_path, caplog, content):
    assert read_summary(tmp_path) is None
    assert not caplog.text
    (tmp_path / "summary.json").write_text(content)
    assert read_summary(tmp_path) is None
    assert str(tmp_path / "summary.json") in caplog.text


def refused_run(path, most, *, rows=3, before=None):
    """A run of one stage that is refused when `rows` are more than `most`; it calls `before` with its measurements."""

    def work(inputs, out, context):
        context.measurements.mkdir()
        (context.measurements / "most").write_text(str(most))
        if before:
            before(context.measurements)
        if rows > most:
            raise GateRefused("too many rows")
        out.mkdir()
        Summary(("all is well",)).save(context.measurements)
        return {}

    stage = Stage("compress-1-own", "compress", work, settings={"most": most})
    return Engine(build_host([]), open_store(path), 13, TerminalProgress(), {}).run([stage])


def test_a_refused_stage_of_a_run_keeps_its_measurements_until_a_run_comes_to_its_end(tmp_path, capsys):
    for most in (1, 2):
        with pytest.raises(GateRefused):
            refused_run(tmp_path, most)
        (failed,) = Run.load(tmp_path).stages
        assert failed.status == "failed"
        assert (failed.measurements / "most").read_text() == str(most)
        assert listed(tmp_path / "stages") == {"compress-1-own"}
        assert f"measurements of this stage: {failed.measurements}" in capsys.readouterr().err
    (done,) = refused_run(tmp_path, 3).stages
    assert (done.measurements / "most").read_text() == "3"
    assert listed(tmp_path / "stages") == {done.path.parent.name}
    with pytest.raises(GateRefused):
        refused_run(tmp_path, 2)
    assert (tmp_path / "stages/compress-1-own/measurements/most").read_text() == "2"
    (current,) = Run.load(tmp_path).stages
    assert (current.path, (current.measurements / "most").read_text()) == (done.path, "3")


def test_a_refused_run_whose_measurements_cannot_be_kept_stays_refused(tmp_path, caplog):
    with pytest.raises(GateRefused, match="too many rows"):
        refused_run(tmp_path, 1, before=spoil)
    assert "cannot be kept" in caplog.text
    assert listed(tmp_path / "stages") == set()


@pytest.mark.parametrize("finished", [False, True])
def test_a_stage_that_fails_otherwise_shows_no_earlier_refusals_measurements(tmp_path, finished):
    if finished:
        refused_run(tmp_path, 3)
    with pytest.raises(GateRefused):
        refused_run(tmp_path, 1)
    assert (tmp_path / "stages/compress-1-own").is_dir()
    with pytest.raises(ZeroDivisionError):
        refused_run(tmp_path, 2, before=lambda measurements: 1 / 0)
    assert not (tmp_path / "stages/compress-1-own").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full", "disk")])
def test_what_is_only_interrupted_leaves_the_refusal_and_its_measurements(tmp_path, error):
    def stop(measurements):
        raise error

    with pytest.raises(GateRefused):
        refused_run(tmp_path, 1)
    with pytest.raises((KeyboardInterrupt, WorkbenchError)):
        refused_run(tmp_path, 2, before=stop)
    (failed,) = Run.load(tmp_path).stages
    assert (failed.error, (failed.measurements / "most").read_text()) == ("too many rows", "1")


def test_a_run_says_what_the_summary_of_a_stage_says_once(tmp_path, capsys):
    refused_run(tmp_path, 3)
    assert "\n    all is well\n" in capsys.readouterr().err
    refused_run(tmp_path, 3)
    shown = capsys.readouterr().err
    assert "compress-1-own: cached" in shown
    assert "all is well" not in shown
