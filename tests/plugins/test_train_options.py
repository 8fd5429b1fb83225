"""What each option of the fine-tuning does to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.model_folders import run_trainer
from workbench.nouns.model import Model
from workbench.torch.batches import shuffled_batches
from workbench.torch.classifier import IntentClassifier
from workbench.torch.pretrained import open_encoder
from workbench_train import checkpoint
from workbench_train.checkpoint import Checkpoint
from workbench_train.loop import TrainingLoop
from workbench_train.options import FinetuneOptions
from workbench_train.rows import TrainingData, examples

SMALL = {"epochs": 4, "batch_size": 8}  # of 36 rows: 20 steps


@pytest.fixture
def training(tiny_encoder, small_dataset):
    """`training(**options)` → a fine-tuning that is about to begin, always with the same head."""

    def make(*, seed=13, **options):
        model = Model(tiny_encoder, "torch", "intent", small_dataset.intents, max_length=64)
        torch.manual_seed(1)
        classifier = IntentClassifier(open_encoder(tiny_encoder), torch.nn.Linear(32, 3), "mean", model.pad_id)
        data = TrainingData(*(examples(small_dataset, split, model) for split in ("train", "dev")))
        return TrainingLoop(classifier, data, FinetuneOptions(**SMALL | options), seed)

    return make


def weights(training):
    return {name: tensor.clone() for name, tensor in training.classifier.state_dict().items()}


def test_the_learning_rate_rises_and_then_falls_to_nothing(training):
    fresh = training(warmup=0.25, encoder_lr=0.5, head_lr=0.25)
    for step, share in ((0, 1 / 5), (4, 1.0), (5, 1.0), (10, 10 / 15), (19, 1 / 15)):
        fresh.state.step = step
        fresh._step()
        rates = [group["lr"] for group in fresh.optimizer.param_groups]
        assert rates == pytest.approx([0.5 * share] * 2 + [0.25 * share] * 2)


@pytest.mark.parametrize("warmup", [0.0, 1.0])
def test_the_learning_rate_is_never_above_its_highest(training, warmup):
    fresh = training(warmup=warmup)
    rates = [fresh._rate(step) for step in range(20)]
    assert max(rates) == 1.0
    assert min(rates) == pytest.approx(1 / 20)


def test_only_matrices_decay_and_every_parameter_is_trained(training):
    fresh = training(weight_decay=0.3, encoder_lr=0.5, head_lr=0.25)
    names = {parameter: name for name, parameter in fresh.classifier.named_parameters()}
    seen = {}
    for group in fresh.optimizer.param_groups:
        for parameter in group["params"]:
            seen[names[parameter]] = (group["highest"], group["weight_decay"])
    assert set(seen) == set(names.values())
    for name, (highest, decay) in seen.items():
        assert highest == (0.25 if name.startswith("head.") else 0.5), name
        assert decay == (0.0 if "LayerNorm" in name or name.endswith("bias") else 0.3), name


def test_no_learning_rate_no_change(training):
    for still, moving in (("encoder", "head"), ("head", "encoder")):
        fresh = training(**{f"{still}_lr": 0.0})
        before = weights(fresh)
        fresh._step()
        changed = {name.partition(".")[0] for name, tensor in weights(fresh).items() if not tensor.equal(before[name])}
        assert changed == {moving}


def test_gradients_are_scaled_down_to_the_largest_norm(training):
    def norm(most):
        fresh = training(max_grad_norm=most)
        fresh._step()
        moments = [state["exp_avg"] for state in fresh.optimizer.state.values()]  # a tenth of the first gradient
        return float(torch.nn.utils.get_total_norm(moments)) * 10

    assert norm(0.01) == pytest.approx(0.01, rel=1e-3)
    assert norm(1e6) > 0.1


def test_what_is_kept_is_the_moving_average_of_the_weights(training):
    fresh = training(averaging=0.5)
    expected = fresh.average.module.head.weight.clone()
    for _ in range(4):
        fresh._step()
        n = int(fresh.average.n_averaged) - 1
        kept = min(0.5, (1 + n) / (10 + n))
        expected = kept * expected + (1 - kept) * fresh.classifier.head.weight
        assert torch.allclose(fresh.average.module.head.weight, expected, atol=1e-6)


def test_without_averaging_the_weights_themselves_are_kept(training):
    fresh = training(averaging=0.0)
    fresh._step()
    averaged = fresh.average.module.state_dict()
    assert all(torch.allclose(averaged[name], tensor) for name, tensor in weights(fresh).items())


def test_label_smoothing_mixes_in_the_other_intents(training):
    none, half, much = (training(label_smoothing=share)._step() for share in (0.0, 0.45, 0.9))
    assert half == pytest.approx((none + much) / 2, abs=1e-5)
    assert abs(much - none) > 1e-4


def test_dropout_is_on_in_steps_and_off_in_evaluations(training):
    steps, scores = set(), set()
    for seed in (1, 2, 3):
        fresh = training(seed=seed)
        fresh.batches = [list(range(8))]
        scores.add(fresh._score())
        steps.add(fresh._step())
    assert (len(steps), len(scores)) == (3, 1)


def test_without_dropout_a_step_is_the_same_whatever_the_seed(training):
    steps = set()
    for seed in (1, 2, 3):
        fresh = training(seed=seed, dropout=False)
        fresh.batches = [list(range(8))]
        steps.add(fresh._step())
    assert len(steps) == 1


def test_bf16_is_near_and_not_the_same(training):
    full, half = (training(bf16=bf16)._step() for bf16 in (False, True))
    assert full != half
    assert full == pytest.approx(half, abs=0.05)


def test_rows_of_like_length_share_a_batch_and_every_row_is_seen_once():
    lengths = np.random.default_rng(0).integers(1, 100, 1000).tolist()
    batches = shuffled_batches(lengths, 8, np.random.default_rng(1))
    assert sorted(row for batch in batches for row in batch) == list(range(1000))
    widest = [max(lengths[row] for row in batch) for batch in batches]
    padded = sum(width * len(batch) for width, batch in zip(widest, batches, strict=True))
    assert padded < 1.1 * sum(lengths)
    assert widest != sorted(widest)
    assert batches != shuffled_batches(lengths, 8, np.random.default_rng(2))


def test_every_epoch_has_an_order_of_its_own(training):
    batches = training().batches
    epochs = [batches[start : start + 5] for start in range(0, 20, 5)]
    assert len({str(epoch) for epoch in epochs}) == 4
    assert all(sorted(row for batch in epoch for row in batch) == list(range(36)) for epoch in epochs)


def test_of_equal_accuracies_the_lower_loss_is_the_better(training, monkeypatch, tmp_path):
    fresh = training(patience=None)
    scores = iter([(0.5, 1.0), (0.5, 0.8), (0.5, 0.9), (0.4, 0.1), (0.6, 2.0), (0.6, 2.0)])
    monkeypatch.setattr(fresh, "_score", lambda: next(scores))
    best, waited = [], []
    for step in range(6):
        fresh.state.step = step
        fresh._evaluate(Checkpoint(tmp_path, "key"), lambda metrics, step: None)
        best.append(fresh.state.best_step)
        waited.append(fresh.state.waited)
    assert best == [0, 1, 1, 1, 4, 4]
    assert waited == [0, 0, 1, 2, 0, 1]


def test_a_checkpoint_is_on_disk_before_it_takes_its_place(monkeypatch, tmp_path):
    done, replace = [], checkpoint.os.replace
    monkeypatch.setattr(checkpoint, "fsync_path", lambda path: done.append(path.name))
    monkeypatch.setattr(checkpoint.os, "replace", lambda *paths: (done.append("replace"), replace(*paths)))
    Checkpoint(tmp_path, "key").save({"a": torch.ones(1)}, {})
    assert done == [f".{checkpoint.FILE}", "replace", Path(tmp_path).name]


OTHERS = {
    "prefix": "query: ",
    "pooling": "cls",
    "max_length": 5,
    "C": 0.1,
    "epochs": 2,
    "batch_size": 16,
    "encoder_lr": 1e-2,
    "head_lr": 1e-2,
    "warmup": 0.9,
    "weight_decay": 0.5,
    "dropout": False,
    "label_smoothing": 0.3,
    "averaging": 0.0,
    "max_grad_norm": 1e-3,
    "bf16": True,
}


@pytest.fixture
def outcome(context, tiny_encoder, small_dataset, tmp_path):
    """`outcome(**options)` → the bytes of the last step's weights: without dev, nothing else decides."""
    dataset = small_dataset.with_rows(small_dataset.split("train"))

    def run(**options):
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        (folder / "work").mkdir(parents=True)
        here = dataclasses.replace(context, work=folder / "work")
        options = {"encoder": str(tiny_encoder), "epochs": 1, "batch_size": 8, **options}
        path = run_trainer(here, "finetune", dataset, folder / "out", **options).path
        return [(path / f"{name}.safetensors").read_bytes() for name in ("model", "head")]

    return run


def test_every_option_changes_the_weights(outcome):
    plain = outcome()
    assert outcome() == plain
    assert {name for name, value in OTHERS.items() if outcome(**{name: value}) == plain} == set()
    about_dev = {"encoder", "evaluate_every", "patience"}
    assert {field.name for field in dataclasses.fields(FinetuneOptions)} - about_dev == set(OTHERS)
