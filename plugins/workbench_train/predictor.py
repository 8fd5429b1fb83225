"""Predictors on torch: our models, bare encoders, and plain sequence classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.api import Model, Predictor, PredictorOptions, WorkbenchError
from workbench.api.torch import Forward, IntentClassifier, open_classifier, run_in_batches, threads

if TYPE_CHECKING:
    from workbench.api import Floats


class TorchPredictor(Predictor):
    """Runs a network over texts; an answer does not depend on the other texts, but for rounding.

    Args:
        model: gives the tokenizer.
        forward: token ids and mask → logits, embeddings; either may be None.
        number_of_threads: torch's; None = all that we may use.
    """

    def __init__(self, model: Model, forward: Forward, number_of_threads: int | None = None) -> None:
        super().__init__(model)
        self.forward, self.number_of_threads = forward, number_of_threads

    def compute(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Logits and embeddings, see `Predictor.compute`.

        Raises:
            WorkbenchError: the network has no embedding for a token that the tokenizer knows.
        """
        if not texts:
            logits, embeddings = self.compute([""])
            return (None if logits is None else logits[:0]), (None if embeddings is None else embeddings[:0])
        ids = self.model.encode(texts)
        try:
            with threads(self.number_of_threads):
                outputs = run_in_batches(self.forward, ids, self.model.pad_id)
        except IndexError as error:
            raise WorkbenchError(
                f"the network cannot take the tokenizer's tokens ({error})",
                where=self.model.path,
                remedy="They do not belong together: copy or make the folder again",
            ) from error
        logits, embeddings = (None if output is None else output.numpy() for output in outputs)
        return logits, embeddings


def open_trained(model: Model, options: PredictorOptions) -> Predictor:
    """Open a model of the format `torch`; a bare encoder gives embeddings alone."""
    return TorchPredictor(model, IntentClassifier.load(model), options.threads)


def open_plain(model: Model, options: PredictorOptions) -> Predictor:
    """Open a model of the format `transformers`."""
    plain = open_classifier(model.path)
    return TorchPredictor(
        model, lambda ids, mask: (plain(input_ids=ids, attention_mask=mask).logits, None), options.threads
    )
