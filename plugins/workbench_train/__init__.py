"""Training: base encoders by name, the trainers `names`, `probe`, `finetune` and `distil`, and their models' predictor.

A model is an encoder, a pooling over its last hidden states, a normalisation to length 1 and a linear head.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Encoder, Runtime, Trainer, hookimpl
from workbench_train.base_encoders import ENCODERS
from workbench_train.options import DistilOptions, FinetuneOptions, ProbeOptions, ZeroShotOptions


@hookimpl
def encoders() -> Mapping[str, Encoder]:
    """Base models by short name."""
    return ENCODERS


@hookimpl
def trainers() -> Mapping[str, Trainer]:
    """From no training at all to the whole encoder."""
    libraries = ("torch", "transformers", "tokenizers")
    return {
        "names": Trainer(
            run="workbench_train.zero_shot:train",
            summary="no training: the intent whose name is nearest to the text",
            options=ZeroShotOptions,
            extra="train",
            libraries=libraries,
            calls=("normalizations",),
            simple_baseline=True,
        ),
        "probe": Trainer(
            run="workbench_train.probe:train",
            summary="a frozen encoder and a linear head by logistic regression",
            options=ProbeOptions,
            extra="train",
            libraries=(*libraries, "scikit-learn"),
            simple_baseline=True,
        ),
        "finetune": Trainer(
            run="workbench_train.finetune:train",
            summary="the probe's head as the start, then the whole encoder",
            options=FinetuneOptions,
            extra="train",
            libraries=(*libraries, "scikit-learn"),
        ),
        "distil": Trainer(
            run="workbench_train.distillation.trainer:train",
            summary="a student learns the answers of one teacher or the mean of several",
            options=DistilOptions,
            extra="train",
            libraries=(*libraries, "scikit-learn", "onnxruntime"),
            calls=("runtimes",),
            distils=True,
        ),
    }


@hookimpl
def runtimes() -> Mapping[str, Runtime]:
    """`torch` (ours, and bare encoders) and `transformers` (plain sequence classifiers); neither can be bundled."""
    libraries = ("torch", "transformers", "tokenizers", "numpy")
    return {
        "torch": Runtime(
            run="workbench_train.predictor:open_trained",
            summary="encoder, pooling and head in torch",
            extra="train",
            libraries=libraries,
        ),
        "transformers": Runtime(
            run="workbench_train.predictor:open_plain",
            summary="sequence classifiers of transformers",
            extra="train",
            libraries=libraries,
        ),
    }
