"""Fine-tuning: the probe's head as the start, then the whole encoder.

A fitted head spares the encoder the steps in which a random one would pull it about (linear probing, then fine-tuning:
Kumar et al. 2022, arXiv 2202.10054).
"""

from __future__ import annotations

import logging
from pathlib import Path

from torch import nn

from workbench.context import Context
from workbench.digests import digest_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench_train.batches import seeded
from workbench_train.checkpoint import Checkpoint
from workbench_train.folder import begin, finish
from workbench_train.loop import Progress, Training
from workbench_train.options import FinetuneOptions
from workbench_train.probe import fit_head
from workbench_train.rows import check_train_rows, examples

logger = logging.getLogger(__name__)


def train(dataset: Dataset, out: Path, options: FinetuneOptions, context: Context) -> Model:
    """Fine-tune on the train split and keep what is best on dev; a training that was killed goes on where it was."""
    check_train_rows(dataset)
    with seeded(context.seed):
        model, classifier = begin(dataset, out, options, context, "finetune")
        rows, dev = examples(dataset, "train", model), examples(dataset, "dev", model)
        if not dev:
            logger.warning("there is no dev split: no early stopping, and the last weights are kept")
        key = digest_json([model.about(), rows.ids, rows.labels, dev.ids, dev.labels, context.seed])
        checkpoint = Checkpoint(context.work, key)
        stored = checkpoint.load()
        if stored is None:
            classifier.head = fit_head(classifier, rows, options.C)
        else:
            classifier.head = nn.Linear(classifier.encoder.config.hidden_size, len(model.intents))
        training = Training(classifier, rows, dev, options, context.seed)
        if stored is not None:
            tensors, state = stored
            training.restore(tensors, Progress(**state))
            logger.info("going on from step %d of %d", training.progress.step, len(training.batches))
        progress = training.run(checkpoint, context.log)
        return finish(model, classifier, _figures(progress))


def _figures(progress: Progress) -> dict[str, float]:
    figures: dict[str, float] = {"steps": progress.step}
    if progress.best_accuracy >= 0:
        figures |= {
            "best_step": progress.best_step,
            "start_dev_accuracy": progress.start_accuracy,
            "dev_accuracy": progress.best_accuracy,
        }
    return figures
