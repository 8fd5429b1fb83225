"""Quantization: the pass `int8`, dynamic and per channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench import hookimpl
from workbench.offers import Pass
from workbench.options import option


@dataclass(frozen=True)
class Int8Options:
    """Options of the pass `int8`."""

    per_channel: bool = option(True, "a scale for each output of a weight matrix, instead of one for all")
    embeddings: bool = option(True, "quantize the embedding tables too, most of a small encoder's size")
    reduce_range: Literal["auto", "yes", "no"] = option(
        "auto", "7-bit weights, which do not saturate on CPUs without int8 dot products (VNNI); auto asks this CPU"
    )


@hookimpl
def passes() -> Mapping[str, Pass]:
    """`int8`: onnx -> onnx."""
    return {
        "int8": Pass(
            run="workbench_quantize.int8:quantize",
            options=Int8Options,
            extra="export",
            summary="dynamic int8 weights and activations; a row a call",
            libraries=("onnx", "onnxruntime"),
            machine=True,
        )
    }
