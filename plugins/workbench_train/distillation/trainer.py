"""Distillation: a student learns the softened probabilities of its teachers, and the labels where there are some."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from workbench.api import Context, Dataset, Model, UsageProblem
from workbench.api.io import digest_file, digest_folder
from workbench.api.text import as_model_reads
from workbench.api.torch import seeded
from workbench_train.distillation.hidden_states import hidden_states_of
from workbench_train.distillation.loss import distillation_loss
from workbench_train.distillation.rows import DistillationRows, distillation_rows
from workbench_train.distillation.teachers import Teacher, check_intents_equal, open_teachers, soft_targets
from workbench_train.draft import ModelDraft, draft_from, new_draft
from workbench_train.options import DistilOptions
from workbench_train.probe import fit_head
from workbench_train.rows import Examples, TrainingData, check_intents, check_train_rows, examples
from workbench_train.training import train_classifier

NAME = "distil"


def train(dataset: Dataset, out: Path, options: DistilOptions, context: Context) -> Model:
    """Train the student and keep the weights that are best on dev; a killed training continues.

    Raises:
        WorkbenchError: there is no teacher, teacher or student has other intents than the dataset, or there is no text.
    """
    check_intents(dataset)
    teachers = open_teachers(options.teachers, dataset.intents, context)
    with seeded(context.seed):
        draft = start(dataset, out, options, context)
        dataset = as_model_reads(dataset, draft.model, context.host)
        rows = distillation_rows(dataset, options.extra, context.host.normalizer(draft.model.normalization))
        draft = named_by_content(draft, options, teachers)
        check_targets(rows, options)
        model, classifier = draft.model, draft.classifier
        data = TrainingData(Examples(model.encode(rows.texts), rows.labels), examples(dataset, "dev", model))
        targets = soft_targets(teachers, rows.texts, options.temperature, context)
        states = None
        if options.hidden_weight:
            lengths = [len(ids) for ids in data.train.ids]
            states = hidden_states_of(teachers, rows.texts, classifier, lengths, context, bf16=options.bf16)
        head = classifier.head
        state = train_classifier(
            draft,
            data,
            options,
            context,
            head=lambda: head or fit_head(classifier, examples(dataset, "train", model), options.C),
            loss=distillation_loss(rows.labels, targets, options, states),
        )
        counts = {"rows": len(rows.texts) - rows.unlabelled, "unlabelled_rows": rows.unlabelled}
        return draft.finish({**state.figures(), **counts})


def start(dataset: Dataset, out: Path, options: DistilOptions, context: Context) -> ModelDraft:
    """The draft of the student, with its head, or of the encoder, without one."""
    if options.student is None:
        check_train_rows(dataset)
        return new_draft(dataset, out, options, context, NAME)
    student = Model.load(Path(options.student).expanduser())
    draft = draft_from(student, out, options, NAME)
    check_intents_equal(student.intents, dataset.intents, student.path)
    return draft


def check_targets(rows: DistillationRows, options: DistilOptions) -> None:
    """Raise where only labels count and there are none."""
    if options.hard_share == 1.0 and rows.unlabelled == len(rows.texts):
        raise UsageProblem(
            "is 1, so that labels alone are learned, and no row has one", where="hard_share", remedy="Give less than 1"
        )


def named_by_content(draft: ModelDraft, options: DistilOptions, teachers: list[Teacher]) -> ModelDraft:
    """The draft whose history has digests of teachers, student and extra texts: paths do not identify them."""
    chosen = {key: value for key, value in draft.step["options"].items() if key not in ("teachers", "student")}
    step = {**draft.step, "options": chosen, "teachers_sha256": [teacher.digest for teacher in teachers]}
    if options.student is not None:
        step["student_sha256"] = digest_folder(Path(options.student).expanduser())
    if options.extra is not None:
        step["extra_sha256"] = digest_file(Path(options.extra).expanduser())
    return dataclasses.replace(draft, step=step)
