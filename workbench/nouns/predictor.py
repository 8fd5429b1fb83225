"""Predictors: what evaluation, parity, compression and serving all look through."""

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
    """The answer for one text.

    Args:
        intents: the intent of the task `intent`, or all that hold for `intents`.
        score: probability of the first.
        top: the most probable intents with their probabilities, best first.
    """

    intents: tuple[Intent, ...]
    score: float
    top: tuple[tuple[Intent, float], ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as the server and `workbench predict --json` give it."""
        top = [{"intent": intent, "score": score} for intent, score in self.top]
        return {"intents": list(self.intents), "score": self.score, "top": top}


@dataclass(frozen=True)
class PredictorOptions:
    """How a predictor may use the machine; none of it changes an answer.

    Args:
        threads: texts answered at the same time, one core each.
    """

    threads: int = 1


class Predictor:
    """A model that answers. A runtime subclasses it with `compute`; `Host.open_predictor` opens one.

    Args:
        model: what it was opened from.
        temperature: divides the logits before they become probabilities (Guo et al. 2017).

    Attributes:
        normalize: what every text goes through first; the host sets it to the model's normalizations.
    """

    def __init__(self, model: Model, *, temperature: float = 1.0) -> None:
        self.model = model
        self.temperature = temperature
        self.normalize: Callable[[str], str] = _not_opened if model.normalization else well_formed

    def compute(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Logits float32 [n, intents] (None without a head) and embeddings float32 [n, d] (None if not offered).

        Args:
            texts: normalized ones; the model's prefix is not yet before them, `Model.encode` puts it there.
        """
        raise NotImplementedError

    def run(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Normalize the texts and give what `compute` makes of them."""
        return self.compute([self.normalize(text) for text in texts])

    def logits(self, texts: Sequence[str]) -> Floats:
        """float32 [n, intents], in the order of `model.intents`.

        Raises:
            WorkbenchError: the model has no head.
        """
        logits, _ = self.run(texts)
        if logits is None:
            raise WorkbenchError(
                "is an encoder without a head", where=self.model.path, remedy="Train one: workbench train"
            )
        return logits

    def embed(self, texts: Sequence[str]) -> Floats | None:
        """The pooled and normalised sentence vectors, float32 [n, d], or None."""
        return self.run(texts)[1]

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """One `Prediction` a text, each independent of the others, with its `top` most probable intents.

        Raises:
            WorkbenchError: the model's logits are not finite numbers.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts, not one text: predict([text])")
        return [decide(row, self.model, self.temperature, top) for row in self.logits(texts)] if texts else []


def _not_opened(text: str) -> str:
    raise RuntimeError("the model's normalizations are not known to its predictor: open it with Host.open_predictor")


def probabilities(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """softmax(logits / temperature) along the last axis."""
    import numpy as np

    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(-1, keepdims=True), np.float64)


def decide(logits: Floats, model: Model, temperature: float, top: int) -> Prediction:
    """The prediction for one row of logits [intents]: softmax of logits / temperature, most probable first.

    Raises:
        WorkbenchError: a logit is not finite, or the model gives several intents a text.
    """
    import numpy as np

    if model.task != "intent":
        raise WorkbenchError(f"is for the task {model.task!r}; only one intent a text is answered", where=model.path)
    if not np.isfinite(logits).all():
        raise WorkbenchError(
            "answers with logits that are not finite numbers",
            where=model.path,
            remedy="The model is damaged: train or export it again",
        )
    scores = probabilities(logits, temperature)
    best = np.argsort(-scores, kind="stable")[: max(top, 1)]
    ranked = tuple((model.intents[i], float(scores[i])) for i in best)
    return Prediction((ranked[0][0],), ranked[0][1], ranked[:top])
