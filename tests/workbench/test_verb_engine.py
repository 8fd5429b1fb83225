"""A single verb runs through the engine of runs: observers, errors, and going on after a kill are the same."""

from __future__ import annotations

import dataclasses
import errno
import shutil

import pytest
from click.testing import CliRunner

from tests import naive_bayes
from workbench.api import build_host, hookimpl
from workbench.cli.root import build_cli
from workbench.components import Pass
from workbench.errors import GateRefused, WorkbenchError
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset


class Watched:
    """A pass that copies a model and does harm before, and an observer of all stages."""

    def __init__(self):
        self.harm, self.seen = None, []

    @hookimpl
    def passes(self):
        return {"copy": Pass(run=self.copy, summary="")}

    def copy(self, model, out, options, context):
        (context.work / "aside").write_text("x")
        if self.harm:
            raise self.harm
        (context.work / "aside").unlink()
        shutil.copytree(model.path, out)
        return dataclasses.replace(model, path=out).save()

    @hookimpl
    def stage_finished(self, stage):
        self.seen.append((stage.name, stage.status))


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def cli(watched):
    host = build_host()
    host.register(naive_bayes, "naive_bayes")
    host.register(watched, "watched")
    root = build_cli(host)
    return lambda *words: CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture
def model(cli, watched, small_dataset, tmp_path):
    small_dataset.save(tmp_path / "data")
    assert cli("train", tmp_path / "data", "--use", "bayes", "-o", tmp_path / "model").exit_code == 0
    assert watched.seen == [("train", "finished")]
    watched.seen.clear()
    return tmp_path / "model"


EXPORT, COPY = "compress-1-bayes-onnx", "compress-2-copy"


@pytest.fixture
def compress(cli, model, tmp_path):
    words = ("compress", model, "--use", "bayes-onnx", "--use", "copy", "-o", tmp_path / "made")
    return lambda: cli(*words)


def listed(folder):
    return {path.name for path in folder.iterdir()}


def test_observers_see_the_stages_of_a_verb(compress, watched, tmp_path):
    done = compress()
    assert done.exit_code == 0, done.output
    assert watched.seen == [(EXPORT, "finished"), (COPY, "finished"), ("bundle", "finished")]
    assert f"  {EXPORT} …\n  {EXPORT}: " in done.stderr
    assert done.stderr.endswith(f"wrote {tmp_path / 'made'}\n")
    assert listed(tmp_path) == {"data", "model", "made"}


@pytest.mark.parametrize(
    ("harm", "code", "said"),
    [
        (WorkbenchError("no luck"), 1, "no luck"),
        (GateRefused("too slow"), 3, "too slow"),
        (
            OSError(errno.ENOSPC, "No space left on device", "some/file"),
            1,
            "some/file: the disk is full. Free disk space",
        ),
        (KeyboardInterrupt(), 1, ""),
    ],
)
def test_what_is_done_before_a_failure_is_not_done_again(compress, watched, tmp_path, harm, code, said):
    watched.harm = harm
    failed = compress()
    assert failed.exit_code == code
    assert said in failed.output
    assert watched.seen == [(EXPORT, "finished"), (COPY, "failed")]
    assert listed(tmp_path) == {"data", "model", ".made.work"}
    assert list((tmp_path / ".made.work" / "run" / "work").glob(f"{COPY}-*/aside"))
    watched.harm = None
    watched.seen.clear()
    done = compress()
    assert done.exit_code == 0, done.output
    assert f"  {EXPORT}: cached" in done.stderr
    assert watched.seen == [(EXPORT, "cached"), (COPY, "finished"), ("bundle", "finished")]
    assert listed(tmp_path) == {"data", "model", "made"}
    assert Bundle.load(tmp_path / "made").model.history[-1] == {"step": "bayes-onnx"}


def test_another_input_is_not_mixed_up_with_what_an_attempt_left(compress, watched, cli, small_dataset, tmp_path):
    watched.harm = WorkbenchError("no luck")
    compress()
    shutil.rmtree(tmp_path / "model")
    small_dataset.with_rows(small_dataset.utterances[::2]).save(tmp_path / "half")
    assert cli("train", tmp_path / "half", "--use", "bayes", "-o", tmp_path / "model").exit_code == 0
    watched.harm = None
    watched.seen.clear()
    assert compress().exit_code == 0
    assert [status for _, status in watched.seen] == ["finished"] * 3


def test_an_import_that_was_interrupted_at_its_end_takes_the_splits_that_it_is_given_now(cli, tmp_path, monkeypatch):
    def interrupted(*folders):
        raise KeyboardInterrupt

    words = ("import", "en", "--reader", "quickstart", "--split", "train=0.7,dev=0.3")
    for seed in (1, 2):
        assert cli(*words, "--seed", seed, "-o", tmp_path / f"seed-{seed}").exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr("workbench.cli.verb_run.publish", interrupted)
        assert cli(*words, "--splits-of", tmp_path / "seed-1", "-o", tmp_path / "made").exit_code == 1
    assert (tmp_path / ".made.work").is_dir()
    done = cli(*words, "--splits-of", tmp_path / "seed-2", "-o", tmp_path / "made")
    assert done.exit_code == 0, done.output
    made, wanted = ({row.id: row.split for row in Dataset.load(tmp_path / name)} for name in ("made", "seed-2"))
    assert made == wanted != {row.id: row.split for row in Dataset.load(tmp_path / "seed-1")}
    assert listed(tmp_path) == {"seed-1", "seed-2", "made"}
