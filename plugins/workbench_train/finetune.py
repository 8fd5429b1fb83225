"""Fine-tuning: the probe's head as the start, then the whole encoder.

A fitted head spares the encoder the steps in which a random one would pull it about (linear probing, then fine-tuning:
Kumar et al. 2022, arXiv 2202.10054).
"""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, Model
from workbench_train.batches import seeded
from workbench_train.course import follow
from workbench_train.folder import begin, finish
from workbench_train.options import FinetuneOptions
from workbench_train.probe import fit_head
from workbench_train.rows import check_train_rows, examples


def train(dataset: Dataset, out: Path, options: FinetuneOptions, context: Context) -> Model:
    """Fine-tune on the train split and keep what is best on dev; a training that was killed goes on where it was."""
    check_train_rows(dataset)
    with seeded(context.seed):
        model, classifier = begin(dataset, out, options, context, "finetune")
        rows, dev = examples(dataset, "train", model), examples(dataset, "dev", model)
        progress = follow(
            model, classifier, rows, dev, options, context, head=lambda: fit_head(classifier, rows, options.C)
        )
        return finish(model, classifier, progress.figures())
