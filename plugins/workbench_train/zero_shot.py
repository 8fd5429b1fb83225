"""Zero-shot: the head's rows are the vectors of the intents' names, so that a logit is a cosine.

It needs no labelled row (Yin et al. 2019, arXiv 1909.00161, call it label-fully-unseen zero-shot).
"""

from __future__ import annotations

import re
from pathlib import Path

import torch

from workbench.api import Context, Dataset, Intent, Model
from workbench.api.torch import linear_head, seeded
from workbench_train.draft import new_draft
from workbench_train.options import ZeroShotOptions
from workbench_train.rows import check_intents


def train(dataset: Dataset, out: Path, options: ZeroShotOptions, context: Context) -> Model:
    """The nearest label name; needs intents, no rows."""
    check_intents(dataset)
    with seeded(context.seed):
        draft = new_draft(dataset, out, options, context, "names")
        normalize = context.host.normalizer(draft.model.normalization)
        ids = draft.model.encode([normalize(humanize(intent)) for intent in dataset.intents])
        vectors = draft.classifier.embed(ids)
        draft.classifier.head = linear_head(vectors, torch.zeros(len(vectors)))
        return draft.finish({})


def humanize(intent: Intent) -> str:
    """An intent's name as words: `card_arrival` → `card arrival`; a hierarchical one root first."""
    name = intent if isinstance(intent, str) else " ".join(intent)
    return " ".join(re.sub(r"[_\-./]", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).split())
