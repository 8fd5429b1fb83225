"""The trainer distil: what a student learns, from whom and from what, and what is refused."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.model_folders import run_trainer
from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.digests import digest_folder
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.testing.models import write_model
from workbench_train.distillation.loss import distillation_loss
from workbench_train.loop import BatchOutput
from workbench_train.options import DistilOptions

SMALL = {"epochs": 3, "batch_size": 8, "encoder_lr": 1e-3}


@pytest.fixture(scope="module")
def teacher(host, small_dataset, tiny_encoder, tmp_path_factory):
    """A fine-tuned model; not to be changed."""
    from workbench.context import Context

    root = tmp_path_factory.mktemp("teacher")
    context = Context(host=host, seed=5, work=root)
    return run_trainer(context, "finetune", small_dataset, root / "model", encoder=str(tiny_encoder), **SMALL)


@pytest.fixture
def distil(context, small_dataset, tiny_encoder, teacher, tmp_path):
    """`distil(out, **options)` → the student; its teacher is `teacher`, its start the tiny encoder."""

    def run(out, *, dataset=small_dataset, around=context, **options) -> Model:
        start = {} if "student" in options else {"encoder": str(tiny_encoder)}
        known = {"teachers": (str(teacher.path),), **SMALL, **start, **options}
        return run_trainer(around, "distil", dataset, tmp_path / out, **known)

    return run


def answers(host, model, texts):
    return host.open_predictor(Model.load(model.path)).logits(texts)


def softened(logits):
    """What distillation compares."""
    return functional.softmax(torch.from_numpy(logits) / 2, 1)


def answer(logits):
    """Of texts of one token, whose states are 0."""
    return BatchOutput(logits, torch.zeros(len(logits), 1, 4), torch.ones(len(logits), 1, dtype=torch.long))


def test_the_loss_is_hintons():
    torch.manual_seed(0)
    logits, targets = torch.randn(4, 3), functional.softmax(torch.randn(4, 3), 1)
    options = DistilOptions(temperature=3.0, hard_share=0.25)
    loss = distillation_loss([0, 2, -100, 1], targets, options)(answer(logits[[1, 2]]), [1, 2])
    soft = functional.softmax(logits[[1, 2]] / 3, 1)
    divergence = (targets[[1, 2]] * (targets[[1, 2]] / soft).log()).sum() / 2
    hard = -functional.log_softmax(logits[1], 0)[2] / 2
    assert loss.item() == pytest.approx((0.25 * hard + 0.75 * 9 * divergence).item(), rel=1e-5)


def test_a_batch_without_labels_has_a_loss():
    loss = distillation_loss([-100, -100], torch.full((2, 3), 1 / 3), DistilOptions())
    assert loss(answer(torch.zeros(2, 3)), [0, 1]).item() == pytest.approx(0.0, abs=1e-6)


def test_a_student_learns_its_teachers_answers_without_any_label(host, distil, teacher, small_dataset):
    """Labels are there only to fit a head, so the student starts from a model of other weights and sees none."""
    free = small_dataset.with_rows(dataclasses.replace(row, intents=None) for row in small_dataset.split("train"))
    texts = [row.text for row in small_dataset.split("test")]
    start = distil("start", epochs=1, encoder_lr=0.0, head_lr=0.0)
    made = distil("made", dataset=free, student=str(start.path), epochs=12, encoder_lr=3e-3)
    first, last, wanted = (softened(answers(host, model, texts)) for model in (start, made, teacher))
    assert abs(last - wanted).mean() < 0.5 * abs(first - wanted).mean()
    assert made.history[-1]["rows"] == 0
    assert made.history[-1]["unlabelled_rows"] == 36


def test_a_student_that_is_a_model_keeps_head_tokenizer_and_habits(host, distil, tmp_path, small_dataset):
    short = dataclasses.replace(
        write_model(tmp_path / "student", "bert", pooling="cls"), max_length=9, prefix="ask: "
    ).save()
    made = distil("made", student=str(short.path), epochs=1, encoder_lr=0.0, head_lr=0.0)
    kept = ("intents", "max_length", "prefix", "pooling", "normalization")
    assert all(getattr(made, name) == getattr(short, name) for name in kept)
    texts = [row.text for row in small_dataset]
    assert made.encode(texts) == short.encode(texts)
    assert np.allclose(answers(host, made, texts), answers(host, short, texts), atol=1e-5)
    assert [step["step"] for step in made.history] == ["distil"]
    assert "encoder" not in made.history[-1]["options"]


def test_the_mean_of_several_teachers_is_learned(host, distil, teacher, context, small_dataset, tmp_path):
    from workbench_train.distillation.teachers import open_teachers, soft_targets

    other = write_model(tmp_path / "other", "bert")
    teachers = open_teachers([str(teacher.path), str(other.path)], small_dataset.intents, context)
    texts = [row.text for row in small_dataset.split("dev")]
    mean = sum(functional.softmax(torch.from_numpy(answers(host, m, texts)) / 4, 1) for m in (teacher, other)) / 2
    assert torch.allclose(soft_targets(teachers, texts, 4.0, context), mean, atol=1e-6)
    made = distil("made", teachers=(str(teacher.path), str(other.path)))
    assert len(set(made.history[-1]["teachers_sha256"])) == 2


def test_an_onnx_model_can_teach(host, distil, teacher, context, tmp_path):
    onnx = host.registry("passes")["onnx"]
    graph = onnx(teacher, tmp_path / "graph", onnx.options(), context)
    assert distil("made", teachers=(str(graph.path),)).history[-1]["teachers_sha256"] == [digest_folder(graph.path)]


def test_texts_of_a_file_are_learned_from_too(distil, small_dataset, tmp_path, caplog):
    """But not those that are there already, those of dev and test, repeated or blank ones."""
    by_split = {split: small_dataset.split(split)[0].text for split in ("train", "dev", "test")}
    lines = ["where is my cat", *by_split.values(), "", "  ", "where is my cat", "给我退款"]
    (tmp_path / "more.txt").write_text("\n".join(lines), encoding="utf-8")
    with caplog.at_level(logging.INFO, "workbench_train"):
        made = distil("made", extra=str(tmp_path / "more.txt"))
    step = made.history[-1]
    assert (step["rows"], step["unlabelled_rows"]) == (36, 2)
    assert step["options"]["extra"] == "more.txt"
    assert "2 texts of more.txt" in caplog.text


def test_made_up_rows_are_material_and_rows_out_of_scope_are_not(distil, small_dataset):
    first = small_dataset.labelled("train")[0]
    more = [
        dataclasses.replace(first, id="a", text="pls refund", origin="augment:typos", meta={"parent": first.id}),
        dataclasses.replace(first, id="o", text="is it raining", intents=()),
        dataclasses.replace(first, id="u", text="hello there", intents=None),
    ]
    step = distil("made", dataset=small_dataset.with_rows([*small_dataset, *more])).history[-1]
    assert (step["rows"], step["unlabelled_rows"]) == (37, 1)


def test_the_folder_says_nothing_of_where_it_was_made(distil, teacher, tmp_path, context):
    """Also where teacher and student stand elsewhere, under other names."""
    import shutil

    start = distil("start", epochs=1)
    folders = []
    for place in ("here", "there"):
        (tmp_path / place / "work").mkdir(parents=True)
        copies = [shutil.copytree(m.path, tmp_path / place / f"{place}-{n}") for n, m in enumerate((teacher, start))]
        around = dataclasses.replace(context, work=tmp_path / place / "work")
        made = distil(f"{place}/made", around=around, teachers=(str(copies[0]),), student=str(copies[1]))
        folders.append(digest_folder(made.path))
    assert folders[0] == folders[1]


def test_no_teacher_is_refused(distil):
    with pytest.raises(WorkbenchError, match="teachers: distil has no teacher"):
        distil("made", teachers=())


def test_a_teacher_of_other_intents_is_refused(distil, tmp_path, small_dataset):
    model = write_model(tmp_path / "foreign", "bert")
    for intents, said in (
        (("delivery", "refund", "cash"), r"it does not know 查询物流; the dataset does not know cash"),
        (("refund", "delivery", "查询物流"), "the same in another order"),
    ):
        dataclasses.replace(model, intents=intents).save()
        for part in ({"teachers": (str(model.path),)}, {"student": str(model.path)}):
            with pytest.raises(WorkbenchError, match=f"has other intents than the dataset .*{said}"):
                distil("made", **part)


def test_a_teacher_that_is_no_model_is_refused(distil, tmp_path):
    with pytest.raises(WorkbenchError, match="is not a model folder"):
        distil("made", teachers=(str(tmp_path),))


def test_a_student_without_a_head_is_refused(distil, tiny_encoder):
    with pytest.raises(WorkbenchError, match=r"is an encoder without a head.*base model as encoder"):
        distil("made", student=str(tiny_encoder))


def test_a_student_that_is_onnx_is_refused(host, distil, teacher, context, tmp_path):
    onnx = host.registry("passes")["onnx"]
    graph = onnx(teacher, tmp_path / "graph", onnx.options(), context)
    with pytest.raises(WorkbenchError, match="has the format 'onnx', which cannot be trained further"):
        distil("made", student=str(graph.path))


@pytest.mark.parametrize(
    ("name", "value"), [("encoder", "minilm-multi"), ("pooling", "cls"), ("prefix", ""), ("max_length", 64), ("C", 1.0)]
)
def test_what_a_student_brings_itself_cannot_be_asked_for(distil, teacher, name, value):
    with pytest.raises(UsageProblem, match=f"{name}: is {value!r}, and the student brings its own"):
        distil("made", student=str(teacher.path), **{name: value})


def test_labels_alone_without_any_label_are_refused(distil, teacher, small_dataset):
    free = small_dataset.with_rows(dataclasses.replace(row, intents=None) for row in small_dataset)
    with pytest.raises(UsageProblem, match="hard_share: is 1, so that labels alone are learned, and no row has one"):
        distil("made", dataset=free, student=str(teacher.path), hard_share=1.0)


def test_nothing_to_learn_from_is_refused(distil, teacher, small_dataset):
    empty = Dataset("intent", small_dataset.intents, tuple(small_dataset.split("dev")))
    with pytest.raises(WorkbenchError, match="no row, and there is no other text to learn from"):
        distil("made", dataset=empty, student=str(teacher.path))


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\xff\xfe", "it is not UTF-8"), (b"\n \n", "has no text")]
)
def test_a_file_that_holds_no_texts_is_refused(distil, tmp_path, content, said):
    if content is not None:
        (tmp_path / "more.txt").write_bytes(content)
    with pytest.raises(WorkbenchError, match=f"more.txt: .*{said}"):
        distil("made", extra=str(tmp_path / "more.txt"))
