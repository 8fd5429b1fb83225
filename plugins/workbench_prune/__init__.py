"""Pruning: passes that make a trained torch model smaller, and the one that brings its accuracy back.

Each takes a trained model's folder and leaves one of the same kind, so they can follow each other in any order, before
an export. What is left out is decided on real rows of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Axis, Pass, hookimpl
from workbench_prune.options import FfnOptions, HeadsOptions, LayersOptions, RecoverOptions, VocabularyOptions

LIBRARIES = ("torch", "transformers", "tokenizers")


@hookimpl
def passes() -> Mapping[str, Pass]:
    """Depth, heads, width, vocabulary; and recovery."""
    return {
        "drop-layers": Pass(
            run="workbench_prune.layers:drop_layers",
            summary="leave out whole layers, those that dev misses least",
            options=LayersOptions,
            extra="train",
            libraries=LIBRARIES,
            role="prune",
            consumes="torch",
            produces="torch",
            space={
                "layers": Axis(
                    "workbench_prune.space:layers", "workbench_prune.space:with_layers", True, ("Layers", "层数")
                )
            },
        ),
        "prune-heads": Pass(
            run="workbench_prune.heads:prune_heads",
            summary="fewer attention heads in every layer, without the least important ones",
            options=HeadsOptions,
            extra="train",
            libraries=LIBRARIES,
            role="prune",
            consumes="torch",
            produces="torch",
            space={
                "heads": Axis(
                    "workbench_prune.space:heads", "workbench_prune.space:with_heads", title=("Heads", "注意力头")
                )
            },
        ),
        "prune-ffn": Pass(
            run="workbench_prune.ffn:prune_ffn",
            summary="a narrower feed-forward part in every layer, without its least important neurons",
            options=FfnOptions,
            extra="train",
            libraries=LIBRARIES,
            role="prune",
            consumes="torch",
            produces="torch",
            space={
                "width": Axis(
                    "workbench_prune.space:widths", "workbench_prune.space:with_width", title=("Neurons", "前馈宽度")
                )
            },
        ),
        "trim-vocab": Pass(
            run="workbench_prune.vocabulary.trim:trim_vocabulary",
            summary="only the tokens that the data and a background list need",
            options=VocabularyOptions,
            extra="train",
            libraries=LIBRARIES,
            role="trim",
            consumes="torch",
            produces="torch",
        ),
        "recover": Pass(
            run="workbench_prune.recover:recover",
            summary="train the pruned model to answer as the uncompressed one does",
            options=RecoverOptions,
            extra="train",
            libraries=(*LIBRARIES, "scikit-learn", "onnxruntime"),
            calls=("trainers", "runtimes"),
            role="recover",
            consumes="torch",
            produces="torch",
        ),
    }
