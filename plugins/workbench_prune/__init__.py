"""Pruning: passes that make a trained torch model smaller, and the one that brings its accuracy back.

Each takes a trained model's folder and leaves one of the same kind, so they can follow each other in any order, before
an export. What is left out is decided on real rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Pass, hookimpl
from workbench_prune.options import FfnOptions, HeadsOptions, LayersOptions, RecoverOptions, VocabularyOptions

LIBRARIES = ("torch", "transformers", "tokenizers")


@hookimpl
def passes() -> Mapping[str, Pass]:
    """Depth, width, heads, vocabulary; and recovery."""
    return {
        "drop-layers": Pass(
            run="workbench_prune.layers:drop_layers",
            summary="leave out whole layers, those that dev misses least",
            options=LayersOptions,
            extra="train",
            libraries=LIBRARIES,
        ),
        "prune-ffn": Pass(
            run="workbench_prune.ffn:prune_ffn",
            summary="a narrower feed-forward part in every layer, without its least important neurons",
            options=FfnOptions,
            extra="train",
            libraries=LIBRARIES,
        ),
        "prune-heads": Pass(
            run="workbench_prune.heads:prune_heads",
            summary="fewer attention heads in every layer, without the least important ones",
            options=HeadsOptions,
            extra="train",
            libraries=LIBRARIES,
        ),
        "trim-vocab": Pass(
            run="workbench_prune.vocabulary.trim:trim_vocabulary",
            summary="only the tokens that the data and a background list need",
            options=VocabularyOptions,
            extra="train",
            libraries=LIBRARIES,
        ),
        "recover": Pass(
            run="workbench_prune.recover:recover",
            summary="train the pruned model to answer as the uncompressed one does",
            options=RecoverOptions,
            extra="train",
            libraries=(*LIBRARIES, "scikit-learn", "onnxruntime"),
            calls=("trainers", "runtimes"),
        ),
    }
