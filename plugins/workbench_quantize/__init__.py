"""Quantization: the passes `int8`, dynamic or static, and `fp16-weights`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.api import Axis, Pass, hookimpl, option


@dataclass(frozen=True)
class Int8Options:
    """Options of the pass `int8`."""

    mode: Literal["dynamic", "static"] = option(
        "dynamic",
        "scales of activations: dynamic finds them in each call, which then holds one text; static has them from texts "
        "of the dataset, so that on a fused graph texts may share a call",
    )
    per_channel: bool = option(True, "a scale for each output of a weight matrix, instead of one for all")
    embeddings: bool = option(True, "quantize the embedding tables too, most of a small encoder's size")
    reduce_range: Literal["auto", "yes", "no"] = option(
        "auto",
        "7-bit weights, which do not saturate on x86 CPUs without VNNI; auto takes them there, and where the system "
        "does not tell what CPU it has",
    )
    exclude: tuple[str, ...] = option((), "products and tables that stay in float32, by node name; * matches anything")
    calibration_rows: int = option(256, "texts that static scales are found on", ge=16)
    texts: str | None = option(
        None, "a file of texts for static scales, one a line, instead of rows of the dataset", kind="path"
    )


@dataclass(frozen=True)
class Fp16Options:
    """Options of the pass `fp16-weights`."""

    tolerance: float = option(0.05, "largest difference of a logit that half precision may make", ge=0.0)
    parity_rows: int = option(128, "rows on which the difference is measured", ge=1)


@hookimpl
def passes() -> Mapping[str, Pass]:
    """`int8` and `fp16-weights`: onnx -> onnx."""
    return {
        "int8": Pass(
            run="workbench_quantize.int8:quantize",
            options=Int8Options,
            extra="export",
            role="quantize",
            consumes="onnx",
            produces="onnx",
            space={"mode": Axis(("dynamic", "static"))},
            summary="int8 weights and activations, with scales found in each call or beforehand",
            libraries=("onnx", "onnxruntime"),
            calls=("runtimes",),
            machine=True,
        ),
        "fp16-weights": Pass(
            run="workbench_quantize.half:halve",
            options=Fp16Options,
            extra="export",
            role="quantize",
            consumes="onnx",
            produces="onnx",
            bits=16,
            summary="half the size: weights are kept in float16 and computed with in float32",
            libraries=("onnx", "onnxruntime"),
            calls=("runtimes",),
        ),
    }
