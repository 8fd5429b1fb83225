"""Open, run and save encoders and classifiers in torch. Importing this module imports torch: import it late."""

from __future__ import annotations

from workbench.torch.batches import Forward, pad, run_in_batches, shuffled_batches, sorted_batches
from workbench.torch.classifier import IntentClassifier, linear_head
from workbench.torch.folder import copy_tokenizer, save_classifier, write_tokenizer
from workbench.torch.pretrained import open_classifier, open_encoder, open_tokenizer
from workbench.torch.threads import seeded, threads

__all__ = [
    "Forward",
    "IntentClassifier",
    "copy_tokenizer",
    "linear_head",
    "open_classifier",
    "open_encoder",
    "open_tokenizer",
    "pad",
    "run_in_batches",
    "save_classifier",
    "seeded",
    "shuffled_batches",
    "sorted_batches",
    "threads",
    "write_tokenizer",
]
