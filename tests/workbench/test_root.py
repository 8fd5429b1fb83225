"""The command line as a whole: exit codes, one line a mistake, quiet pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial

import pytest
from click.testing import CliRunner

from tests.faults import Breakable
from tests.naive_bayes import RECIPE, WAITS
from workbench.api import Runtime, build_host, hookimpl
from workbench.cli.root import build_cli

WORKBENCH = f'"{sys.executable}" -m workbench'


def shell(line, **more):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("workbench", WORKBENCH, 1)],
        capture_output=True,
        text=True,
        **more,
    )


def test_version_and_help():
    assert shell("workbench --version").stdout.strip().count(".") == 2
    assert "Commands:" in shell("workbench -h").stdout


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("workbench trian", 2, "Did you mean 'train'"),
        ("workbench run", 2, "Missing argument"),
        ("workbench run nowhere.toml", 2, "there is no such recipe"),
        ("workbench plugins --json > /dev/full", 1, "No space left on device"),
        ("workbench runs nowhere", 2, "does not exist"),
    ],
)
def test_mistakes_have_one_line_and_a_code(line, code, said):
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback():
    assert "Traceback" in shell("workbench --debug run nowhere.toml").stderr


def test_a_reader_that_has_seen_enough_is_no_fault():
    done = shell("workbench plugins --options | head -1")
    assert (done.returncode, done.stderr) == (0, "")


def test_doctor_tells_versions_cpu_and_encoders():
    found = json.loads(shell("workbench doctor --json").stdout)
    assert found["cores"] >= 1
    assert found["libraries"]["onnxruntime"]
    assert "minilm" in found["encoders"]
    assert "workbench_train" in found["plugins"]


def test_doctor_says_which_extras_are_missing(monkeypatch, host):
    from workbench.cli import doctor

    monkeypatch.setattr(doctor, "version", lambda name: None if name in ("torch", "onnx") else "1")
    assert 'pip install "intent-workbench[export,train]"' in doctor.examine(host)["advice"][0]


def test_doctor_tells_of_a_runtime_whose_library_is_missing_or_broken(tmp_path, monkeypatch):
    def fails():
        raise OSError("no such driver")

    (tmp_path / "needs_more.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)

    class Opens:
        @hookimpl
        def runtimes(self):
            lacking = Runtime(run="needs_more:open", cpu_advice="needs_more:advice", extra="fast", summary="")
            return {"lacking": lacking, "broken": Runtime(run=fails, cpu_advice=fails, summary="")}

    host = build_host()
    host.register(Opens(), "opens", distribution="third-party")
    done = CliRunner().invoke(build_cli(host), ["doctor"])
    assert done.exit_code == 0, done.output
    assert '! runtime lacking: no_such_library is not installed. Run: pip install "third-party[fast]"' in done.output
    assert "! runtime broken failed to examine this CPU (OSError: no such driver)" in done.output


def test_an_interrupted_run_is_130_and_goes_on(tmp_path):
    """Training waits, so that the signal cannot come too late; a run that lost it would end with 0.

    What a shell starts in the background ignores interrupts, and so would all that it starts: here they count.
    """
    chain = Breakable(tmp_path / "recipe.toml")
    chain.recipe.write_text(RECIPE)
    command, environment = chain.command(tmp_path / "run"), {**chain.environment(), WAITS: "20"}
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment, preexec_fn=heard
    ) as process:
        for line in process.stderr:
            if line.strip().startswith("train"):
                os.kill(process.pid, signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    assert "Finished stages are kept" in rest
    outcome = chain.finish(tmp_path / "run")
    assert {stage["name"] for stage in outcome["stages"] if stage["status"] == "cached"} >= {"import", "clean"}
