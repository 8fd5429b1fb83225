"""Metrics over the rows of one split: `(scored, options, context) -> dict`.

Every intent is given by its name. A row's prediction is the first of its largest logits, as in serving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from workbench.api import WorkbenchError, probabilities

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench.api import Context, NoOptions, Scored
    from workbench_evaluate import ErrorsOptions

    Ids = npt.NDArray[np.int64]


def accuracy(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """`accuracy`, and `accuracy_interval` [low, high]: the 95 % score interval of Wilson (1927)."""
    truth, predicted = _truth_and_predicted(scored)
    right = int((truth == predicted).sum())
    interval = binomtest(right, len(truth)).proportion_ci(confidence_level=0.95, method="wilson")
    return {"accuracy": right / len(truth), "accuracy_interval": [float(interval.low), float(interval.high)]}


def f1(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """`macro_f1` and `weighted_f1` over the intents that occur in the truth or among the predictions.

    This is scikit-learn's convention: an intent that occurs in neither does not count; one that occurs in only one of
    them has F1 0. `weighted_f1` weights each intent by its rows.
    """
    truth, predicted = _truth_and_predicted(scored)
    return {
        f"{average}_f1": float(f1_score(truth, predicted, average=average, zero_division=0.0))
        for average in ("macro", "weighted")
    }


def per_intent(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """`per_intent`: for each intent in the models' order `intent, rows, precision, recall, f1`.

    A share of nothing, such as the recall of an intent without rows, is 0.
    """
    truth, predicted = _truth_and_predicted(scored)
    table = precision_recall_fscore_support(truth, predicted, labels=range(len(scored.intents)), zero_division=0.0)
    return {
        "per_intent": [
            {
                "intent": intent,
                "rows": int(rows),
                "precision": float(precision),
                "recall": float(recall),
                "f1": float(f),
            }
            for intent, precision, recall, f, rows in zip(scored.intents, *table, strict=True)
        ]
    }


def confusions(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """`confusions`: [true intent, predicted intent, rows] for all that happened, most first, then in intent order."""
    truth, predicted = _truth_and_predicted(scored)
    matrix = confusion_matrix(truth, predicted, labels=range(len(scored.intents)))
    np.fill_diagonal(matrix, 0)
    pairs = sorted(np.argwhere(matrix).tolist(), key=lambda pair: -matrix[tuple(pair)])
    return {"confusions": [[scored.intents[i], scored.intents[j], int(matrix[i, j])] for i, j in pairs]}


def errors(scored: Scored, options: ErrorsOptions, context: Context) -> dict[str, Any]:
    """`worst_errors`: the wrong rows whose prediction has the highest probability (`score`), highest first."""
    truth, predicted = _truth_and_predicted(scored)
    scores = probabilities(scored.logits, scored.temperature).max(axis=1)
    wrong = sorted(np.flatnonzero(truth != predicted).tolist(), key=lambda n: -scores[n])
    return {
        "worst_errors": [
            {
                "id": scored.rows[n].id,
                "text": scored.rows[n].text,
                "intent": scored.intents[truth[n]],
                "predicted": scored.intents[predicted[n]],
                "score": float(scores[n]),
            }
            for n in wrong[: options.most]
        ]
    }


def _truth_and_predicted(scored: Scored) -> tuple[Ids, Ids]:
    """Two int64 [n]: the index of each row's intent, and of the intent that the model gives it."""
    if not scored.rows:
        raise WorkbenchError("there are no rows to score", remedy="Give the split rows that carry an intent")
    if not np.isfinite(scored.logits).all():
        raise WorkbenchError(
            "the model answers with numbers that are not finite",
            remedy="Its training diverged: lower the learning rate, and train again",
        )
    return np.asarray(scored.truth, dtype=np.int64), scored.logits.argmax(axis=1)
