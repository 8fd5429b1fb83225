"""A training's whole course: from its start, or from where it was killed, to the weights that are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable

from torch import nn

from workbench.api import Context, Model
from workbench.api.io import digest_json
from workbench_train.checkpoint import Checkpoint
from workbench_train.classifier import IntentClassifier
from workbench_train.loop import Loss, Progress, Training
from workbench_train.options import FinetuneOptions
from workbench_train.rows import Examples

logger = logging.getLogger(__name__)


def follow(
    model: Model,
    classifier: IntentClassifier,
    rows: Examples,
    dev: Examples,
    options: FinetuneOptions,
    context: Context,
    head: Callable[[], nn.Linear],
    loss: Loss | None = None,
) -> Progress:
    """Train the classifier on `rows` and leave it with the weights that are best on `dev`.

    Args:
        model: what is to come; its history says everything else that the course depends on.
        classifier: is trained in place.
        rows: the rows to learn.
        dev: see `Training`.
        options: see `FinetuneOptions`.
        context: its `work` holds the checkpoint.
        head: makes the head to start with; not called where a checkpoint has one.
        loss: see `Training`.
    """
    if not dev and options.patience is not None:
        logger.warning("there is no dev split: no early stopping, and the last weights are kept")
    key = digest_json([model.about(), rows.ids, rows.labels, dev.ids, dev.labels, context.seed])
    checkpoint = Checkpoint(context.work, key)
    stored = checkpoint.load()
    if stored is None:
        classifier.head = head()
    else:
        classifier.head = nn.Linear(classifier.encoder.config.hidden_size, len(model.intents))
    training = Training(classifier, rows, dev, options, context.seed, loss)
    if stored is not None:
        tensors, state = stored
        training.restore(tensors, Progress(**state))
        logger.info("going on from step %d of %d", training.progress.step, len(training.batches))
    return training.run(checkpoint, context.log)
