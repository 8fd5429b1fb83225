"""Open encoders and classifiers in torch; imports torch when a function is called."""

from __future__ import annotations

from workbench.torch.pretrained import open_classifier, open_encoder, open_tokenizer, pool

__all__ = ["open_classifier", "open_encoder", "open_tokenizer", "pool"]
