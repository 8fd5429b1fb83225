"""Distillation of hidden states: what is compared, what it does, and where it cannot be done."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.model_folders import run_trainer, spoil
from workbench.context import Context
from workbench.errors import UsageProblem
from workbench.nouns.model import Model
from workbench.testing import models as tiny_models
from workbench.testing.models import write_model
from workbench.torch.batches import pad
from workbench.torch.classifier import IntentClassifier
from workbench_train.distillation.hidden_states import HiddenStates, hidden_states_of, variance
from workbench_train.distillation.teachers import open_teachers
from workbench_train.loop import BatchOutput

TEXTS = ["refund", "where is my parcel now", "给我退款 please"]


@pytest.fixture(scope="module")
def teacher(host, small_dataset, tiny_encoder, tmp_path_factory) -> Model:
    root = tmp_path_factory.mktemp("teacher")
    around = Context(host=host, seed=5, work=root)
    options = {"encoder": str(tiny_encoder), "epochs": 2, "batch_size": 8, "encoder_lr": 1e-3}
    return run_trainer(around, "finetune", small_dataset, root / "model", **options)


def answer_of(model: Model, texts) -> BatchOutput:
    network, ids = IntentClassifier.load(model), model.encode(texts)
    padded, mask = pad(ids, model.pad_id)
    with torch.no_grad():
        states = network.hidden_states(padded, mask)
    return BatchOutput(torch.zeros(len(ids), 1), states, mask)


def known(teacher, small_dataset, context, lengths=None) -> HiddenStates:
    teachers = open_teachers([str(teacher.path)], small_dataset.intents, context)
    lengths = lengths or [len(ids) for ids in teacher.encode(TEXTS)]
    return hidden_states_of(teachers, TEXTS, IntentClassifier.load(teacher), lengths, context, bf16=False)


def test_a_teacher_is_like_itself_whatever_rows_stand_beside(teacher, small_dataset, context):
    states = known(teacher, small_dataset, context)
    for rows in ([0], [2, 0], [1, 2, 0]):
        found = states.difference(answer_of(teacher, [TEXTS[row] for row in rows]), rows)
        assert found.item() == pytest.approx(0.0, abs=1e-5)  # they are kept in half precision


def test_a_difference_is_a_share_of_the_variance(teacher, small_dataset, context):
    states, answer = known(teacher, small_dataset, context), answer_of(teacher, TEXTS[:2])
    moved = BatchOutput(answer.logits, answer.states + 2.0, answer.mask)
    assert states.difference(moved, [0, 1]).item() == pytest.approx(4.0 / states.variance, rel=1e-3)


def test_the_variance_is_taken_in_parts(monkeypatch):
    monkeypatch.setattr("workbench_train.distillation.hidden_states.PART", 7)
    values = (3 + torch.randn(20, 5)).half()
    assert variance(values) == pytest.approx(values.float().var(correction=0).item(), rel=1e-5)
    assert variance(values[:0]) == 0.0


def test_states_are_asked_for_once(teacher, small_dataset, context, monkeypatch):
    first = known(teacher, small_dataset, context)
    monkeypatch.setattr("workbench_train.distillation.hidden_states.compute_states", None)
    assert torch.equal(known(teacher, small_dataset, context).values, first.values)


def test_a_row_that_is_cut_otherwise_does_not_count(teacher, small_dataset, context):
    lengths = [len(ids) for ids in teacher.encode(TEXTS)]
    states = known(teacher, small_dataset, context, [lengths[0], lengths[1] + 1, lengths[2]])
    answer = answer_of(teacher, TEXTS)
    wrong = answer.states.clone()
    wrong[1] += 5.0
    assert states.difference(BatchOutput(answer.logits, wrong, answer.mask), [0, 1, 2]).item() < 1e-5
    alone = BatchOutput(answer.logits[:1], wrong[1:2].requires_grad_(), answer.mask[1:2])
    assert states.difference(alone, [1]).item() == 0.0


def test_a_student_comes_nearer_to_its_teachers_states(host, teacher, small_dataset, context, tmp_path):
    rng = np.random.default_rng(1)

    def shaken(old):
        return {name: (part + 0.1 * rng.normal(size=part.shape)).astype(np.float32) for name, part in old.items()}

    spoil(teacher.path, tmp_path / "student", shaken)
    student = Model.load(tmp_path / "student")
    known = {"teachers": (str(teacher.path),), "student": str(student.path)}
    known |= {"epochs": 6, "batch_size": 8, "encoder_lr": 3e-3}
    texts = [row.text for row in small_dataset.split("test")]
    wanted = answer_of(teacher, texts)

    def distance(model):
        answer = answer_of(model, texts)
        inside = answer.mask.bool()
        return (answer.states[inside] - wanted.states[inside]).square().mean().item()

    made = {
        weight: run_trainer(
            context,
            "distil",
            small_dataset,
            tmp_path / f"made-{weight}",
            hidden_weight=weight,
            **known,
        )
        for weight in (0.0, 5.0)
    }
    assert distance(made[5.0]) < 0.8 * min(distance(made[0.0]), distance(student))


@pytest.mark.parametrize("how", ["several", "onnx", "size"])
def test_what_cannot_be_compared_is_refused(
    host, teacher, small_dataset, context, tmp_path, tiny_encoder, monkeypatch, how
):
    teachers, more = (str(teacher.path),), {"encoder": str(tiny_encoder)}
    if how == "several":
        teachers *= 2
    elif how == "onnx":
        onnx = host.registry("passes")["onnx"]
        teachers = (str(onnx(teacher, tmp_path / "graph", onnx.options(), context).path),)
    else:
        monkeypatch.setattr(tiny_models, "WIDTH", 48)
        monkeypatch.setitem(tiny_models.SIZES, "hidden_size", 48)
        more = {"student": str(write_model(tmp_path / "wide").path)}
    with pytest.raises(UsageProblem, match=r"hidden_weight: needs (one teacher|states of one size).*hidden_weight = 0"):
        run_trainer(
            context, "distil", small_dataset, tmp_path / "made", teachers=teachers, hidden_weight=1.0, epochs=1, **more
        )
