"""Coverage counts our lines, and its tracer slows every line: it rests in the libraries' calls that take the longest.

Of our lines that those calls call back, such as hooks of a model, none is counted.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest


def untraced(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, without a tracer while it runs."""

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(tracer)

    return call


@untraced
def wrap_libraries() -> None:
    """Import the libraries that work with models, and wrap their slow calls."""
    import onnxruntime.quantization
    import optimum.exporters.onnx
    import torch
    import transformers

    forward = untraced(torch.nn.Module.__call__)

    def call(model: Any, *arguments: Any, **options: Any) -> Any:
        ours = not type(model).__module__.startswith("transformers.")
        return (torch.nn.Module.__call__ if ours else forward)(model, *arguments, **options)

    transformers.PreTrainedModel.__call__ = call
    for kind in (transformers.AutoConfig, transformers.AutoModel):
        kind.from_pretrained = classmethod(untraced(kind.from_pretrained.__func__))
    torch.optim.AdamW.step = untraced(torch.optim.AdamW.step)
    torch.onnx.export = untraced(torch.onnx.export)
    for module, name in (
        (optimum.exporters.onnx, "export"),
        (onnxruntime.quantization, "quantize_dynamic"),
        (onnxruntime.quantization, "quantize_static"),
    ):
        setattr(module, name, untraced(getattr(module, name)))


@pytest.fixture(scope="session", autouse=True)
def _untraced() -> None:
    """Let the tracer of coverage, where there is one, rest in libraries."""
    if sys.gettrace() is not None:
        wrap_libraries()
