"""A fine-tuning that is killed goes on where it was, and ends with the same bytes."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import time

import pytest
from safetensors import safe_open

from workbench.io.digests import digest_folder
from workbench.options import parse_options

OPTIONS = {"epochs": 4, "batch_size": 8, "encoder_lr": 1e-3, "evaluate_every": 0.5, "patience": None}  # 20 steps
CHECKPOINT = "checkpoint.safetensors"


class KilledError(Exception):
    """Stands for a kill."""


@pytest.fixture
def finetune(context, tiny_encoder, small_dataset, tmp_path):
    """`finetune(out, kill_at=step)`, one work folder for all of a test's attempts → the folder, the logged steps."""

    def run(out, *, kill_at=None, dataset=small_dataset, seed=context.seed, **options):
        steps = []

        def log(metrics, step):
            steps.append(step)
            if step == kill_at:
                raise KilledError

        trainer = context.host.registry("trainers")["finetune"]
        known = parse_options(trainer.options, {"encoder": str(tiny_encoder), **OPTIONS, **options}, "train")
        trainer(dataset, tmp_path / out, known, dataclasses.replace(context, seed=seed, log=log))
        return tmp_path / out, steps

    return run


@pytest.fixture
def whole(finetune, context, tmp_path):
    """The digest of a training that nobody interrupted."""
    folder, _ = finetune("whole")
    (context.work / CHECKPOINT).unlink()
    return digest_folder(folder)


@pytest.mark.parametrize("kill_at", [0, 2, 8, 10, 18, 20])
def test_an_interrupted_training_ends_with_the_same_bytes(finetune, whole, kill_at):
    with pytest.raises(KilledError):
        finetune("first", kill_at=kill_at)
    folder, steps = finetune("second")
    assert digest_folder(folder) == whole
    assert min(steps) >= kill_at - 2


def test_a_training_can_be_interrupted_again_and_again(finetune, whole):
    for kill_at in (4, 10, 16):
        with pytest.raises(KilledError):
            finetune(f"killed-{kill_at}", kill_at=kill_at)
    assert digest_folder(finetune("last")[0]) == whole


def test_patience_is_remembered(finetune, context):
    options = {"encoder_lr": 1.0, "head_lr": 10.0, "patience": 3}
    folder, _ = finetune("whole", **options)
    (context.work / CHECKPOINT).unlink()
    with pytest.raises(KilledError):
        finetune("first", kill_at=4, **options)
    again, steps = finetune("second", **options)
    assert digest_folder(again) == digest_folder(folder)
    assert max(steps) == 6


def test_without_dev_rows_too(finetune, small_dataset, context):
    dataset = small_dataset.with_rows(row for row in small_dataset if row.split != "dev")
    folder, _ = finetune("whole", dataset=dataset)
    (context.work / CHECKPOINT).unlink()
    with pytest.raises(KilledError):
        finetune("first", dataset=dataset, kill_at=10)
    assert digest_folder(finetune("second", dataset=dataset)[0]) == digest_folder(folder)


def test_a_checkpoint_of_other_options_is_not_used(finetune, whole, caplog):
    with pytest.raises(KilledError):
        finetune("first", kill_at=10, weight_decay=0.1)
    with caplog.at_level(logging.INFO):
        folder, steps = finetune("second")
    assert steps[0] == 0
    assert digest_folder(folder) == whole
    assert "another training's" in caplog.text


def test_a_damaged_checkpoint_is_not_used(finetune, whole, context, caplog):
    with pytest.raises(KilledError):
        finetune("first", kill_at=10)
    (context.work / CHECKPOINT).write_bytes((context.work / CHECKPOINT).read_bytes()[:5000])
    assert digest_folder(finetune("second")[0]) == whole
    assert "is damaged" in caplog.text


def test_a_checkpoint_holds_tensors_and_json_only(finetune, context):
    with pytest.raises(KilledError):
        finetune("first", kill_at=10)
    assert [path.name for path in context.work.iterdir()] == [CHECKPOINT]
    with safe_open(context.work / CHECKPOINT, framework="np") as file:
        assert json.loads(file.metadata()["state"])["step"] == 8
        assert {name.partition("/")[0] for name in file.keys()} >= {"weights", "optimizer"}  # noqa: SIM118


SCRIPT = """
import json, sys, time
from pathlib import Path
from workbench.context import Context
from workbench.host import build_host
from workbench.nouns.dataset import Dataset
from workbench.options import parse_options

data, out, work, options = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
host = build_host(["workbench_train"])
trainer = host.registry("trainers")["finetune"]
context = Context(host=host, seed=13, work=work, log=lambda metrics, step: time.sleep(0.05))
trainer(Dataset.load(data), out, parse_options(trainer.options, options, "train"), context)
"""


def stored_step(folder):
    """The step of the checkpoint; -1 before there is one."""
    if not (folder / CHECKPOINT).exists():
        return -1
    with safe_open(folder / CHECKPOINT, framework="np") as file:
        return json.loads(file.metadata()["state"])["step"]


def test_kill_minus_nine_of_another_process(finetune, whole, tiny_encoder, small_dataset, context, tmp_path):
    import torch

    small_dataset.save(tmp_path / "data")
    places = [str(path) for path in (tmp_path / "data", tmp_path / "killed", context.work)]
    options = json.dumps({"encoder": str(tiny_encoder), **OPTIONS})
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *places, options], env=environment)
    try:
        until = time.monotonic() + 300
        while stored_step(context.work) < 4:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "killed" / "workbench.json").exists()
    folder, steps = finetune("again")
    assert digest_folder(folder) == whole
    assert min(steps) > 4
