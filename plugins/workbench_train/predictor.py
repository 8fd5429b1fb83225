"""Predictors on torch: our models, bare encoders, and plain sequence classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transformers import AutoModelForSequenceClassification

from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, PredictorOptions
from workbench_train.batches import Forward, run_sorted, threads
from workbench_train.classifier import IntentClassifier, open_pretrained

if TYPE_CHECKING:
    from workbench.nouns.predictor import Floats


class TorchPredictor(Predictor):
    """Runs a network over texts; an answer does not depend on the other texts, but for rounding.

    Args:
        model: gives the tokenizer.
        forward: token ids and mask → logits, embeddings; either may be None.
        pad_id: the token that fills up rows.
        number_of_threads: torch's; None = all that we may use.
    """

    def __init__(self, model: Model, forward: Forward, pad_id: int, number_of_threads: int | None = None) -> None:
        super().__init__(model)
        self.forward, self.pad_id, self.number_of_threads = forward, pad_id, number_of_threads

    def run(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Logits and embeddings, see `Predictor.run`."""
        if not texts:
            logits, embeddings = self.run([""])
            return (None if logits is None else logits[:0]), (None if embeddings is None else embeddings[:0])
        with threads(self.number_of_threads):
            outputs = run_sorted(self.forward, self.model.encode(texts), self.pad_id)
        logits, embeddings = (None if output is None else output.numpy() for output in outputs)
        return logits, embeddings


def open_model(model: Model, options: PredictorOptions) -> Predictor:
    """The predictor of a model of format `torch` or `transformers`."""
    if model.format == "transformers":
        plain = open_pretrained(AutoModelForSequenceClassification, model.path)
        return TorchPredictor(
            model,
            lambda ids, mask: (plain(input_ids=ids, attention_mask=mask).logits, None),
            plain.config.pad_token_id or 0,
            options.threads,
        )
    classifier = IntentClassifier.load(model)
    return TorchPredictor(model, classifier, classifier.pad_id, options.threads)
