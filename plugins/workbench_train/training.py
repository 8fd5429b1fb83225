"""A whole training: from its start, or from its checkpoint, to the weights that are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable

from torch import nn

from workbench.api import Context
from workbench.api.io import digest_json
from workbench_train.checkpoint import Checkpoint
from workbench_train.draft import ModelDraft
from workbench_train.loop import Loss, TrainingLoop, TrainingState
from workbench_train.options import FinetuneOptions
from workbench_train.rows import TrainingData

logger = logging.getLogger(__name__)


def train_classifier(
    draft: ModelDraft,
    data: TrainingData,
    options: FinetuneOptions,
    context: Context,
    head: Callable[[], nn.Linear],
    loss: Loss | None = None,
) -> TrainingState:
    """Train the draft's classifier and leave it with the weights that are best on dev.

    Args:
        draft: its classifier is trained in place; model and step determine, with the data and the seed, the checkpoint.
        data: see `TrainingLoop`.
        options: see `FinetuneOptions`.
        context: its `work` holds the checkpoint.
        head: makes the first head; not called where there is a checkpoint.
        loss: see `TrainingLoop`.
    """
    if not data.dev and options.patience is not None:
        logger.warning("there is no dev split: no early stopping, and the last weights are kept")
    rows = [data.train.ids, data.train.labels, data.dev.ids, data.dev.labels]
    key = digest_json([draft.model.about(), draft.step, *rows, context.seed])
    checkpoint = Checkpoint(context.work, key)
    stored, classifier = checkpoint.load(), draft.classifier
    if stored is None:
        classifier.head = head()
    else:
        classifier.head = nn.Linear(classifier.encoder.config.hidden_size, len(draft.model.intents))
    loop = TrainingLoop(classifier, data, options, context.seed, loss)
    if stored is not None:
        tensors, state = stored
        loop.restore(tensors, TrainingState(**state))
        logger.info("going on from step %d of %d", loop.state.step, len(loop.batches))
    return loop.run(checkpoint, context.log)
