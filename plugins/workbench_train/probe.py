"""A frozen encoder: its vectors are computed once, and a linear head is fitted to them by logistic regression.

Alain & Bengio 2016 (arXiv 1610.01644) call it a linear probe.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from workbench.api import Context, Dataset, Model
from workbench.api.torch import IntentClassifier, linear_head, seeded
from workbench_train.draft import new_draft
from workbench_train.options import ProbeOptions
from workbench_train.rows import Examples, check_train_rows, examples


def train(dataset: Dataset, out: Path, options: ProbeOptions, context: Context) -> Model:
    """Fit the head on the train split; deterministic but for the rounding of other thread counts."""
    check_train_rows(dataset)
    with seeded(context.seed):
        draft = new_draft(dataset, out, options, context, "probe")
        draft.classifier.head = fit_head(draft.classifier, examples(dataset, "train", draft.model), options.C)
        return draft.finish({})


def fit_head(classifier: IntentClassifier, train: Examples, C: float) -> nn.Linear:  # noqa: N803 - scikit-learn's name
    """Multinomial logistic regression with an L2 penalty of strength 1/C on the normalised vectors."""
    regression = LogisticRegression(C=C, max_iter=1000).fit(classifier.embed(train.ids).numpy(), train.labels)
    weight, bias = regression.coef_, regression.intercept_
    if len(weight) == 1:
        # Of two classes scikit-learn gives one row, the logit of the second against the first.
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return linear_head(torch.tensor(weight, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32))
