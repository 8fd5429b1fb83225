"""No training: the head's rows are the vectors of the intents' names, so that a logit is a cosine.

What a user has before anybody labelled a row (Yin et al. 2019, arXiv 1909.00161, call it label-fully-unseen zero-shot).
"""

from __future__ import annotations

import re
from pathlib import Path

import torch

from workbench.api import Context, Dataset, Intent, Model
from workbench_train.batches import seeded
from workbench_train.classifier import embed, linear_head
from workbench_train.folder import begin, finish
from workbench_train.options import NamesOptions
from workbench_train.rows import check_intents


def train(dataset: Dataset, out: Path, options: NamesOptions, context: Context) -> Model:
    """The nearest label name; needs intents, no rows."""
    check_intents(dataset)
    with seeded(context.seed):
        model, classifier = begin(dataset, out, options, context, "names")
        normalize = context.host.normalizer(model.normalization)
        vectors = embed(classifier, model.encode([normalize(humanize(intent)) for intent in dataset.intents]))
        classifier.head = linear_head(vectors, torch.zeros(len(vectors)))
        return finish(model, classifier, {})


def humanize(intent: Intent) -> str:
    """An intent's name as words: `card_arrival` → `card arrival`; a hierarchical one root first."""
    name = intent if isinstance(intent, str) else " ".join(intent)
    return " ".join(re.sub(r"[_\-./]", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).split())
