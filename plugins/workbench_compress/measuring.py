"""What is measured of a candidate as it is served: accuracy, agreement, time, size, memory, and whether rows mix."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.api import Host, Model, PredictorOptions, WorkbenchError
from workbench.api.machine import cores
from workbench.api.quality import batch_invariance, evenly
from workbench_compress.judging import Pairs, judge
from workbench_compress.material import Material
from workbench_compress.memory import peak_of

if TYPE_CHECKING:
    from workbench.api import Floats

TIMED, ROUNDS = 200, 5
ASKED = 64  # texts for the peak of memory
FILES = ("model.onnx", "tokenizer.json")
COMPARED = 1000


@dataclass
class Bench:
    """Measures candidates against the uncompressed model, on the same rows.

    Args:
        host: opens the models.
        material: the rows.
        baseline: the uncompressed model.
        confidence: see `judge`.
        seed: of the order of rows.
        yardstick: a model that is timed beside every candidate, so that what else the machine does cancels out.
    """

    host: Host
    material: Material
    baseline: Model
    confidence: float
    seed: int
    yardstick: Model | None = None
    _answers: dict[str, Any] = field(default_factory=dict)

    def figures(self, model: Model, origin: Model) -> dict[str, Any]:
        """All of it, as JSON.

        Args:
            model: the candidate, onnx.
            origin: the torch model that it was exported from.
        """
        texts = self.material.texts
        logits, own = self._ask(model, texts), self.answers(origin)
        return {
            "accuracy": float((logits.argmax(1) == self.material.truth).mean()),
            **self.compared(logits),
            "origin_agreement": float((logits.argmax(1) == own.argmax(1)).mean()),
            "origin_logit_difference": float(np.abs(logits - own).max()),
            "bytes": sum((model.path / name).stat().st_size for name in FILES),
            "nodes": self.host.runtime(model.format).facts_of(model),
            "memory_bytes": peak_of(model, longest_first(texts)[:ASKED]),
            **self.times(model),
        }

    def _ask(self, model: Model, texts: Sequence[str]) -> Floats:
        return self.host.open_predictor(model, PredictorOptions(threads=cores())).logits(texts)

    def compared(self, logits: Floats, rows: Sequence[int] | None = None) -> dict[str, Any]:
        """How answers to the dev texts, or some of them, compare with the uncompressed model's, as JSON.

        `pairs`: who is right; `agreement`: share of the texts with the same answer; `divergence`: mean Kullback-Leibler
        divergence from the uncompressed model's answers, nats.
        """
        which = slice(None) if rows is None else list(rows)
        truth, before = self.material.truth[which], self.answers(self.baseline)[which]
        wanted, found = log_softmax(before), log_softmax(logits)
        first, second = before.argmax(1), logits.argmax(1)
        return {
            "pairs": asdict(Pairs.of(first == truth, second == truth)),
            "agreement": float((first == second).mean()),
            "divergence": float((np.exp(wanted) * (wanted - found)).sum(1).mean()),
        }

    def judged(self, compared: Mapping[str, Any]) -> dict[str, Any]:
        """What was noted of a comparison, with the `drop` that follows from its pairs, see `Drop`."""
        return {**compared, "drop": asdict(judge(Pairs(**compared["pairs"]), self.confidence))}

    def answers(self, model: Model) -> Floats:
        """A torch model's logits for the dev texts, float32 [n, intents]."""
        key, first = str(model.path), str(self.baseline.path)
        if key not in self._answers:
            self._answers = {place: kept for place, kept in self._answers.items() if place == first}  # and the last one
            self._answers[key] = self._ask(model, self.material.texts)
        logits: Floats = self._answers[key]
        if not np.isfinite(logits).all():
            raise WorkbenchError("answers with logits that are not finite numbers", where=model.path)
        return logits

    def screened(self, model: Model) -> dict[str, Any]:
        """How a torch model answers some of the texts, as JSON: see `compared`; `rows` is how many these are."""
        rows = evenly(range(len(self.material.texts)), COMPARED)
        after = self._ask(model, [self.material.texts[row] for row in rows])
        return {**self.compared(after, rows), "rows": len(rows)}

    def times(self, model: Model) -> dict[str, Any]:
        """Milliseconds for one text, of it and of the yardstick in turn.

        The mean is over each text's least time, which ranks models whatever else the machine does; the 95th percentile
        is over all calls. Each round opens both anew, for of two sessions of one graph one may be 7 % slower.

        Beside them: what becomes of a text's answer among others, as labels that change and the largest difference of
        a score.
        """
        texts = evenly(self.material.texts, TIMED)
        predictor = self.host.open_predictor(model, PredictorOptions(threads=1))
        company = batch_invariance(predictor, texts, seed=self.seed)
        milliseconds = np.zeros((2, ROUNDS, len(texts)))
        for number in range(ROUNDS):
            for rival, asked in enumerate((model, self.yardstick or model)):  # in turn: weights stay in the cache
                predictor = self.host.open_predictor(asked, PredictorOptions(threads=1))
                predictor.logits(texts[:ASKED])
                for place, text in enumerate(texts):
                    begun = time.perf_counter()
                    predictor.logits([text])
                    milliseconds[rival, number, place] = 1000 * (time.perf_counter() - begun)
        mine, yard = milliseconds.min(axis=1)  # what else the machine does only adds to it
        return {
            "mean_ms": float(mine.mean()),
            "p95_ms": float(np.quantile(milliseconds[0], 0.95)),
            "yardstick_ms": float(yard.mean()),
            "labels_changed_by_company": company.label_changes,
            "score_changed_by_company": company.max_score_difference,
        }


def log_softmax(logits: Floats) -> Any:
    """Natural logarithms of the probabilities, float64 [n, intents]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def longest_first(texts: Sequence[str]) -> list[str]:
    """The texts by falling length; the longest decide how much memory is held."""
    return sorted(texts, key=len, reverse=True)
