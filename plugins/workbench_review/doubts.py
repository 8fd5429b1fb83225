"""Labels to look at again: those that annotators dispute, then those that a model finds improbable.

The probability of a label is out of fold: a linear probe is trained without the text, and predicts the text's label
(self-confidence, Northcutt et al. 2021). A model that was trained on the label would agree with it. The probe works on
the sentence vectors of the model, or without these on TF-IDF of characters. An intent with too few texts for the folds
is judged by the model itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.preprocessing import normalize

from workbench.api.report import intent_label
from workbench.api.review import ReviewPool, Selected, Vote
from workbench.api.text import text_key

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench.api import Intent

    Label = tuple[Intent, ...]
    Numbers = npt.NDArray[np.float64]

FOLDS = 5
STRENGTH = 10.0  # C of the probe's logistic regression
ITERATIONS = 300
LETTERS = (1, 4)  # lengths of the n-grams of characters
WIDTH = 256  # dimensions of the features; on 2,000 rows a third of the time that all n-grams take


class _Case(NamedTuple):
    """A row with a label that can be doubted."""

    row: int
    label: Label
    votes: Counter[Label]

    @property
    def agreed(self) -> float:
        """The share of the votes that the label got."""
        return self.votes[self.label] / self.votes.total()


def doubtful(pool: ReviewPool, size: int) -> list[Selected]:
    """Select disputed labels, the least agreed first, then the least probable ones.

    Rows with a ground truth are settled. A label without a probability is selected only if it is disputed.
    """
    cases = [_case(row, votes) for row, votes in enumerate(row.votes for row in pool.rows) if _is_open(votes)]
    held_out = _out_of_fold(pool, cases)
    doubts = []
    for case, probability in zip(cases, held_out, strict=True):
        own = np.isnan(probability)
        figure = _of_model(pool, case) if own else float(probability)
        if case.agreed < 1 or not np.isnan(figure):
            why = _in_words(case, figure, "by the model" if own else "out of fold")
            doubts.append((case.agreed, 0.0 if np.isnan(figure) else figure, case.row, why))
    return [Selected(row, figure, why) for _, figure, row, why in sorted(doubts)[:size]]


def _is_open(votes: Sequence[Vote]) -> bool:
    return any(vote.intents is not None for vote in votes) and not any(vote.ground_truth for vote in votes)


def _case(row: int, votes: Sequence[Vote]) -> _Case:
    labels = Counter(tuple(sorted(vote.labels, key=str)) for vote in votes if vote.intents is not None)
    return _Case(row, labels.most_common(1)[0][0], labels)


def _out_of_fold(pool: ReviewPool, cases: Sequence[_Case]) -> Numbers:
    """The probability of each case's label by a probe that has not seen its text or a text of its group; else NaN."""
    found = np.full(len(cases), np.nan)
    groups = [pool.rows[case.row].group or text_key(pool.rows[case.row].text) for case in cases]
    spread: defaultdict[Label, set[str]] = defaultdict(set)
    for case, group in zip(cases, groups, strict=True):
        spread[case.label].add(group)
    enough = [label for label, found_in in spread.items() if len(found_in) >= FOLDS]
    known = {label: number for number, label in enumerate(enough)}
    inside = [place for place, case in enumerate(cases) if case.label in known]
    if len(known) < 2:
        return found
    targets = np.array([known[cases[place].label] for place in inside])
    probabilities = cross_val_predict(
        LogisticRegression(C=STRENGTH, max_iter=ITERATIONS),
        _features(pool, [cases[place].row for place in inside]),
        targets,
        groups=[groups[place] for place in inside],
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0),
        method="predict_proba",
    )
    found[inside] = probabilities[np.arange(len(inside)), targets]
    return found


def _features(pool: ReviewPool, rows: Sequence[int]) -> Any:
    """Sentence vectors, or TF-IDF of characters reduced to `WIDTH` dimensions (LSA): [rows, d]."""
    if pool.embeddings is not None:
        return pool.embeddings[list(rows)]
    texts = [pool.rows[row].text for row in rows]
    weights = TfidfVectorizer(analyzer="char", ngram_range=LETTERS, sublinear_tf=True).fit_transform(texts)
    width = max(1, min(WIDTH, *(size - 1 for size in weights.shape)))
    return normalize(TruncatedSVD(width, random_state=0).fit_transform(weights))


def _of_model(pool: ReviewPool, case: _Case) -> float:
    """The probability that the model gives the label; NaN if it does not know all of its intents."""
    if pool.probabilities is None or not set(case.label) <= set(pool.intents):
        return float("nan")
    return min(float(pool.probabilities[case.row, pool.intents.index(intent)]) for intent in case.label)


def _in_words(case: _Case, figure: float, source: str) -> str:
    if case.agreed < 1:
        counts = ", ".join(f"{_words(label)} × {count}" for label, count in case.votes.most_common())
        return f"disputed: {counts}"
    return f"{_words(case.label)}: probability {figure:.3f} {source}"


def _words(label: Label) -> str:
    return " + ".join(intent_label(intent) or "out of scope" for intent in label)
