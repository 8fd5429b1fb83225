"""Metrics over the rows of one split: `(scored, options, context) -> dict`.

Results contain intents by name. As in serving, the prediction of a row is the first intent with the largest logit.
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
    """Compute `accuracy`, and `accuracy_interval` [low, high]: the 95 % score interval of Wilson (1927)."""
    truth, predicted = _truth_and_predicted(scored)
    right = int((truth == predicted).sum())
    interval = binomtest(right, len(truth)).proportion_ci(confidence_level=0.95, method="wilson")
    return {"accuracy": right / len(truth), "accuracy_interval": [float(interval.low), float(interval.high)]}


def f1(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """Compute `macro_f1` and `weighted_f1` over the intents that occur in the truth or in the predictions.

    As in scikit-learn, an intent in neither of them does not count, and an intent in only one of them has F1 0.
    `weighted_f1` weights each intent by its rows.
    """
    truth, predicted = _truth_and_predicted(scored)
    return {
        f"{average}_f1": float(f1_score(truth, predicted, average=average, zero_division=0.0))
        for average in ("macro", "weighted")
    }


def per_intent(scored: Scored, options: NoOptions, context: Context) -> dict[str, Any]:
    """Compute `per_intent`: `intent, rows, precision, recall, f1` of each intent, in the order of the model's intents.

    A ratio with the denominator 0, such as the recall of an intent without rows, is 0.
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
    """Compute `confusions`: [true intent, predicted intent, rows], most rows first, then in the order of intents."""
    truth, predicted = _truth_and_predicted(scored)
    matrix = confusion_matrix(truth, predicted, labels=range(len(scored.intents)))
    np.fill_diagonal(matrix, 0)
    pairs = sorted(np.argwhere(matrix).tolist(), key=lambda pair: -matrix[tuple(pair)])
    return {"confusions": [[scored.intents[i], scored.intents[j], int(matrix[i, j])] for i, j in pairs]}


def errors(scored: Scored, options: ErrorsOptions, context: Context) -> dict[str, Any]:
    """Compute `worst_errors`: the wrongly predicted rows with the highest probability (`score`), highest first."""
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
    """Return the indices of each row's true and predicted intent, two int64 [n].

    Raises:
        WorkbenchError: there are no rows, or a logit is not finite.
    """
    if not scored.rows:
        raise WorkbenchError("there are no labelled rows to evaluate", remedy="Evaluate a split with labelled rows")
    if not np.isfinite(scored.logits).all():
        raise WorkbenchError(
            "the model's logits are not finite, because its training diverged",
            remedy="Reduce the learning rate, and train again",
        )
    return np.asarray(scored.truth, dtype=np.int64), scored.logits.argmax(axis=1)
