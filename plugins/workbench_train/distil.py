"""Distillation: a student learns the softened answers of its teachers, and the labels where there are some.

loss = hard_share * cross-entropy + (1 - hard_share) * T^2 * KL(teachers || student), both softened by the temperature T
(Hinton, Vinyals & Dean 2015, arXiv 1503.02531). A row without a label has the second part only. With a hidden_weight
the difference between the hidden states of student and teacher comes to it, see `States`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from workbench.api import Context, Dataset, Model, UsageProblem
from workbench.api.io import digest_file, digest_folder
from workbench.api.text import as_model_reads
from workbench_train.batches import seeded
from workbench_train.classifier import IntentClassifier
from workbench_train.course import follow
from workbench_train.folder import begin, finish, go_on
from workbench_train.loop import Answer, Loss
from workbench_train.material import UNLABELLED, Material, gather
from workbench_train.options import DistilOptions
from workbench_train.probe import fit_head
from workbench_train.rows import Examples, check_intents, check_train_rows, examples
from workbench_train.states import States, states_of
from workbench_train.teaching import Teacher, check_intents_equal, open_teachers, soft_targets


def train(dataset: Dataset, out: Path, options: DistilOptions, context: Context) -> Model:
    """Train the student and keep what is best on dev; a training that was killed goes on where it was.

    Raises:
        WorkbenchError: there is no teacher, teacher or student has other intents than the dataset, or there is no text.
    """
    check_intents(dataset)
    teachers = open_teachers(options.teachers, dataset.intents, context)
    with seeded(context.seed):
        model, classifier = start(dataset, out, options, context)
        dataset = as_model_reads(dataset, model, context.host)
        material = gather(dataset, options.extra, context.host.normalizer(model.normalization))
        model = named_by_content(model, options, teachers)
        check_taught(material, options)
        rows = Examples(model.encode(material.texts), material.labels)
        targets = soft_targets(teachers, material.texts, options.temperature, context)
        states = None
        if options.hidden_weight:
            lengths = [len(ids) for ids in rows.ids]
            states = states_of(teachers, material.texts, classifier, lengths, context, bf16=options.bf16)
        loss = distillation(rows, targets, options, states)
        dev = examples(dataset, "dev", model)
        head = classifier.head
        progress = follow(
            model,
            classifier,
            rows,
            dev,
            options,
            context,
            head=lambda: head or fit_head(classifier, examples(dataset, "train", model), options.C),
            loss=loss,
        )
        unlabelled = material.labels.count(UNLABELLED)
        figures = {**progress.figures(), "rows": len(rows) - unlabelled, "unlabelled_rows": unlabelled}
        return finish(model, classifier, figures)


def start(dataset: Dataset, out: Path, options: DistilOptions, context: Context) -> tuple[Model, IntentClassifier]:
    """The model to be and its network: the student's, with its head, or the encoder's, without one."""
    if options.student is None:
        check_train_rows(dataset)
        return begin(dataset, out, options, context, "distil")
    student = Model.load(Path(options.student).expanduser())
    model, classifier = go_on(student, out, options, "distil")
    check_intents_equal(student.intents, dataset.intents, student.path)
    return model, classifier


def check_taught(material: Material, options: DistilOptions) -> None:
    """Raise where the labels alone count and there are none."""
    if options.hard_share == 1.0 and set(material.labels) <= {UNLABELLED}:
        raise UsageProblem(
            "is 1, so that labels alone are learned, and no row has one", where="hard_share", remedy="Give less than 1"
        )


def named_by_content(model: Model, options: DistilOptions, teachers: list[Teacher]) -> Model:
    """The model whose history names teachers, student and extra texts by their digests, for paths say nothing."""
    last = dict(model.history[-1])
    last["options"] = {key: value for key, value in last["options"].items() if key not in ("teachers", "student")}
    last["teachers_sha256"] = [teacher.digest for teacher in teachers]
    if options.student is not None:
        last["student_sha256"] = digest_folder(Path(options.student).expanduser())
    if options.extra is not None:
        last["extra_sha256"] = digest_file(Path(options.extra).expanduser())
    return dataclasses.replace(model, history=(*model.history[:-1], last))


def distillation(rows: Examples, targets: Tensor, options: DistilOptions, states: States | None = None) -> Loss:
    """The loss of a step, a mean over its rows.

    Args:
        rows: their labels are indices of intents or `UNLABELLED`.
        targets: the teachers' probabilities, float32 [rows, intents].
        options: temperature, hard share, label smoothing and hidden weight.
        states: the teacher's, where these are learned too.
    """
    labels, softness, hard = torch.tensor(rows.labels), options.temperature, options.hard_share

    def loss(answer: Answer, batch: list[int]) -> Tensor:
        right = functional.cross_entropy(
            answer.logits,
            labels[batch],
            ignore_index=UNLABELLED,
            label_smoothing=options.label_smoothing,
            reduction="sum",
        ) / len(batch)
        student = functional.log_softmax(answer.logits / softness, dim=1)
        like = functional.kl_div(student, targets[batch], reduction="batchmean") * softness**2
        learned = hard * right + (1 - hard) * like
        return learned + options.hidden_weight * states.difference(answer, batch) if states else learned

    return loss
