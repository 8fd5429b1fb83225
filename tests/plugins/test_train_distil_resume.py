"""A distillation that is killed goes on where it was, asks its teachers once, and ends with the same bytes."""

from __future__ import annotations

import dataclasses
import logging
import shutil

import pytest

from tests.model_folders import run_trainer
from workbench.io.digests import digest_folder
from workbench.nouns.predictor import Predictor
from workbench.testing.models import write_model
from workbench_train import predictor

OPTIONS = {"epochs": 4, "batch_size": 8, "encoder_lr": 1e-3, "evaluate_every": 0.5, "patience": None}  # 20 steps


class KilledError(Exception):
    """Stands for a kill."""


@pytest.fixture
def asked(monkeypatch):
    """How many texts each call of a torch predictor got."""
    counts, real = [], predictor.TorchPredictor.compute

    def compute(self: Predictor, texts):
        counts.append(len(texts))
        return real(self, texts)

    monkeypatch.setattr(predictor.TorchPredictor, "compute", compute)
    return counts


@pytest.fixture
def distil(context, tiny_encoder, small_dataset, tmp_path):
    """`distil(out, kill_at=step)`, one work folder for all of a test's attempts → the digest and the logged steps."""
    teachers = tuple(str(write_model(tmp_path / name, name).path) for name in ("bert", "roberta"))

    def run(out, *, kill_at=None, **options):
        steps = []

        def log(metrics, step):
            steps.append(step)
            if step == kill_at:
                raise KilledError

        start = {} if "student" in options else {"encoder": str(tiny_encoder)}
        known = {"teachers": teachers, **OPTIONS, **start, **options}
        run_trainer(dataclasses.replace(context, log=log), "distil", small_dataset, tmp_path / out, **known)
        return digest_folder(tmp_path / out), steps

    return run


@pytest.fixture
def whole(distil, context):
    """The digest of a training that nobody interrupted; its work folder is empty again."""
    digest, _ = distil("whole")
    for path in context.work.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return digest


@pytest.mark.parametrize("kill_at", [0, 2, 10, 20])
def test_an_interrupted_training_ends_with_the_same_bytes(distil, whole, asked, kill_at):
    with pytest.raises(KilledError):
        distil("first", kill_at=kill_at)
    assert asked == [36, 36]
    digest, steps = distil("second")
    assert digest == whole
    assert min(steps) >= kill_at - 2
    assert asked == [36, 36]


def test_from_a_model_too(distil, context, tmp_path, whole):
    start = str(tmp_path / "whole")
    digest, _ = distil("uninterrupted", student=start)
    for path in context.work.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(KilledError):
        distil("first", kill_at=10, student=start)
    assert distil("second", student=start)[0] == digest != whole


def test_other_options_do_not_go_on_but_know_the_answers(distil, whole, asked, caplog):
    with pytest.raises(KilledError):
        distil("first", kill_at=10, hard_share=0.9)
    with caplog.at_level(logging.INFO):
        digest, steps = distil("second")
    assert (digest, steps[0]) == (whole, 0)
    assert asked == [36, 36]
    assert "another training's" in caplog.text
