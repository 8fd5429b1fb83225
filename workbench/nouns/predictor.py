"""Predictors: the one way to compute predictions in evaluation, parity checks, compression and serving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.nouns.utterance import Intent
from workbench.text.normalization import well_formed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


Floats: TypeAlias = "npt.NDArray[np.float32]"


@dataclass(frozen=True)
class Prediction:
    """The prediction for one text.

    Args:
        intents: a tuple with the most probable intent.
        score: probability of the most probable intent, 0 to 1.
        top: the most probable intents with their probabilities, best first.
    """

    intents: tuple[Intent, ...]
    score: float
    top: tuple[tuple[Intent, float], ...]

    def to_json(self) -> dict[str, Any]:
        """The prediction as JSON, as returned by the server and by `workbench predict --json`."""
        top = [{"intent": intent, "score": score} for intent, score in self.top]
        return {"intents": list(self.intents), "score": self.score, "top": top}


@dataclass(frozen=True)
class PredictorOptions:
    """Options of a predictor that do not change its predictions.

    Args:
        threads: number of texts that are predicted at the same time, each on one core.
    """

    threads: int = 1


class Predictor:
    """An opened model that predicts intents. Use `Host.open_predictor` to open one.

    A runtime implements `compute` in a subclass.

    Args:
        model: the model.
        temperature: divisor of the logits before softmax (Guo et al. 2017, arXiv 1706.04599).

    Attributes:
        normalize: function that is applied to every text first. `Host.open_predictor` sets it to the model's
            normalizations.
    """

    def __init__(self, model: Model, *, temperature: float = 1.0) -> None:
        self.model = model
        self.temperature = temperature
        self.normalize: Callable[[str], str] = _not_opened if model.normalization else well_formed

    def compute(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Compute logits and embeddings.

        Args:
            texts: n normalized texts without the model's prefix; `Model.encode` adds the prefix.

        Returns:
            Logits float32 [n, intents], None without a head; embeddings float32 [n, d], None if unavailable.
        """
        raise NotImplementedError

    def run(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Normalize the texts and return the result of `compute`."""
        return self.compute([self.normalize(text) for text in texts])

    def logits(self, texts: Sequence[str]) -> Floats:
        """Compute logits float32 [n, intents] in the order of `model.intents`.

        Raises:
            WorkbenchError: the model has no head.
        """
        logits, _ = self.run(texts)
        if logits is None:
            raise WorkbenchError(
                "is an encoder without a head", where=self.model.path, remedy="Train a model with: workbench train"
            )
        return logits

    def embed(self, texts: Sequence[str]) -> Floats | None:
        """Compute the sentence vectors float32 [n, d], pooled and scaled to length 1; None if unavailable."""
        return self.run(texts)[1]

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Predict each text; return one `Prediction` per text with its `top` most probable intents.

        Raises:
            WorkbenchError: a logit is not a finite number, or the model has no head or another task than `intent`.
        """
        if isinstance(texts, str):
            raise TypeError("predict needs a list of texts, not one string: predict([text])")
        return [decide(row, self.model, self.temperature, top) for row in self.logits(texts)] if texts else []


def _not_opened(text: str) -> str:
    raise RuntimeError("the predictor lacks the model's normalizations: open the model with Host.open_predictor")


def probabilities(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Compute softmax(logits / temperature) along the last axis, float64."""
    import numpy as np

    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(-1, keepdims=True), np.float64)


def decide(logits: Floats, model: Model, temperature: float, top: int) -> Prediction:
    """Build the prediction for one row of logits [intents]: softmax(logits / temperature), most probable first.

    Raises:
        WorkbenchError: a logit is not finite, or the model's task is not `intent`.
    """
    import numpy as np

    if model.task != "intent":
        raise WorkbenchError(
            f"is for the task {model.task!r}, but predictions need the task 'intent' (one intent per text)",
            where=model.path,
            remedy="Use a model of the task 'intent', made with: workbench train",
        )
    if not np.isfinite(logits).all():
        raise WorkbenchError(
            "returns logits that are not finite numbers",
            where=model.path,
            remedy="Train or export the model again: its weights are damaged",
        )
    scores = probabilities(logits, temperature)
    best = np.argsort(-scores, kind="stable")[: max(top, 1)]
    ranked = tuple((model.intents[i], float(scores[i])) for i in best)
    return Prediction((ranked[0][0],), ranked[0][1], ranked[:top])
