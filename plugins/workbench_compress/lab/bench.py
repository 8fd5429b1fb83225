"""The bench: what is measured of a candidate as it is served, on the same rows for all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.api import Host, Model, PredictorOptions, WorkbenchError
from workbench.api.machine import cores
from workbench.api.quality import batch_invariance, evenly
from workbench_compress.candidates.accuracy_loss import Pairs, accuracy_loss
from workbench_compress.candidates.figures import Deviation, Figures
from workbench_compress.lab.data import SearchData
from workbench_compress.lab.memory import peak_of

if TYPE_CHECKING:
    from workbench.api import Floats

TIMED, ROUNDS = 200, 5
WARM = 64  # texts before anything is timed, and texts for the peak of memory
SCREENED = 1000


@dataclass
class Bench:
    """Measures models against the baseline model.

    Args:
        host: opens the models.
        data: the rows.
        baseline: the baseline model.
        confidence: of the accuracy bound.
        seed: of the order of rows.
        yardstick: a model that is timed beside every candidate, so that other work on the machine cancels out.
    """

    host: Host
    data: SearchData
    baseline: Model
    confidence: float
    seed: int
    yardstick: Model | None = None
    _predicted: dict[Path, Any] = field(default_factory=dict)

    def figures(self, model: Model, source: Model) -> Figures:
        """Measure a candidate.

        Args:
            model: the candidate, exported.
            source: the torch model that it was exported from.
        """
        texts = self.data.texts
        logits, before = self._ask(model, texts), self.predictions(source)
        deviation = self.deviation(logits)
        timing = self.timing(model)
        return Figures(
            accuracy_loss=deviation.accuracy_loss,
            pairs=deviation.pairs,
            disagreement=deviation.disagreement,
            divergence=deviation.divergence,
            accuracy=float((logits.argmax(1) == self.data.truth).mean()),
            export_disagreement=float((logits.argmax(1) != before.argmax(1)).mean()),
            export_logit_difference=float(np.abs(logits - before).max()),
            bytes=served_bytes(model, self.host),
            memory_bytes=peak_of(model, longest_first(texts)[:WARM]),
            facts=self.host.runtime(model.format).facts_of(model),
            **timing,
        )

    def deviation(self, logits: Floats, rows: Sequence[int] | None = None) -> Deviation:
        """Compare logits for the dev texts, or for some of them, with those of the baseline model."""
        which = slice(None) if rows is None else list(rows)
        truth, before = self.data.truth[which], self.predictions(self.baseline)[which]
        wanted, found = log_softmax(before), log_softmax(logits)
        first, second = before.argmax(1), logits.argmax(1)
        pairs = Pairs.of(first == truth, second == truth)
        return Deviation(
            accuracy_loss(pairs, self.confidence),
            pairs,
            disagreement=float((first != second).mean()),
            divergence=float((np.exp(wanted) * (wanted - found)).sum(1).mean()),
        )

    def predictions(self, model: Model) -> Floats:
        """A torch model's logits for the dev texts, float32 [n, intents]; those of the last one are kept.

        Raises:
            WorkbenchError: they are not finite numbers.
        """
        if model.path not in self._predicted:
            first = self.baseline.path
            self._predicted = {path: kept for path, kept in self._predicted.items() if path == first}
            self._predicted[model.path] = self._ask(model, self.data.texts)
        logits: Floats = self._predicted[model.path]
        if not np.isfinite(logits).all():
            raise WorkbenchError("predicts logits that are not finite numbers", where=model.path)
        return logits

    @property
    def screened_rows(self) -> int:
        """How many dev texts a screening goes by."""
        return min(SCREENED, len(self.data.texts))

    def screening(self, model: Model) -> Deviation:
        """Compare a torch model with the baseline model on some of the dev texts."""
        rows = evenly(range(len(self.data.texts)), SCREENED)
        return self.deviation(self._ask(model, [self.data.texts[row] for row in rows]), rows)

    def timing(self, model: Model) -> dict[str, Any]:
        """Time a model and the yardstick in turn, a text at a time, and compare texts alone with texts in a batch.

        The mean is over each text's least time, which ranks models whatever else the machine does. The 95th percentile
        is over all calls. Each round opens both models anew: of two sessions of one graph one may be 7 % slower.
        """
        texts = evenly(self.data.texts, TIMED)
        predictor = self.host.open_predictor(model, PredictorOptions(threads=1))
        invariance = batch_invariance(predictor, texts, seed=self.seed)
        milliseconds = np.zeros((2, ROUNDS, len(texts)))
        for number in range(ROUNDS):
            for rival, timed in enumerate((model, self.yardstick or model)):  # in turn: weights stay in the cache
                predictor = self.host.open_predictor(timed, PredictorOptions(threads=1))
                predictor.logits(texts[:WARM])
                for place, text in enumerate(texts):
                    begun = time.perf_counter()
                    predictor.logits([text])
                    milliseconds[rival, number, place] = 1000 * (time.perf_counter() - begun)
        own, yardstick = milliseconds.min(axis=1)  # other work on the machine only adds to it
        return {
            "mean_ms": float(own.mean()),
            "p95_ms": float(np.quantile(milliseconds[0], 0.95)),
            "yardstick_ms": float(yardstick.mean()),
            "labels_changed_by_batch": invariance.label_changes,
            "score_changed_by_batch": invariance.max_score_difference,
        }

    def _ask(self, model: Model, texts: Sequence[str]) -> Floats:
        return self.host.open_predictor(model, PredictorOptions(threads=cores())).logits(texts)


def served_files(model: Model, host: Host) -> list[Path]:
    """The files that a bundle of the model holds, as the runtime of its format says."""
    return [model.path / name for name in host.runtime(model.format).files]


def served_bytes(model: Model, host: Host) -> int:
    """Their size."""
    return sum(path.stat().st_size for path in served_files(model, host))


def log_softmax(logits: Floats) -> Any:
    """Natural logarithms of the probabilities, float64 [n, intents]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def longest_first(texts: Sequence[str]) -> list[str]:
    """The texts by falling length; the longest decide how much memory is held."""
    return sorted(texts, key=len, reverse=True)
