"""Open, run and save encoders and classifiers in torch. This module imports torch, so import it inside functions."""

from __future__ import annotations

from workbench.torch.batches import Forward, pad, run_in_batches, shuffled_batches, sorted_batches
from workbench.torch.classifier import IntentClassifier, linear_head
from workbench.torch.model_folder import copy_tokenizer_files, save_classifier, write_tokenizer
from workbench.torch.pretrained import open_classifier, open_encoder
from workbench.torch.threads import seeded, threads

__all__ = [
    "Forward",
    "IntentClassifier",
    "copy_tokenizer_files",
    "linear_head",
    "open_classifier",
    "open_encoder",
    "pad",
    "run_in_batches",
    "save_classifier",
    "seeded",
    "shuffled_batches",
    "sorted_batches",
    "threads",
    "write_tokenizer",
]
