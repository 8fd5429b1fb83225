"""Moments of a projection's inputs: heads and neurons are chosen by them, and the weights that stay are fitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.api import WorkbenchError
from workbench.api.torch import IntentClassifier
from workbench_prune.rows import Batch


def input_moments(
    classifier: IntentClassifier, rows: Sequence[Batch], projections: Sequence[nn.Linear]
) -> list[Tensor]:
    """Moments of each projection: the sum over tokens of x xᵀ, where x are its inputs and a 1.

    Returns:
        float64 [columns + 1, columns + 1] for each projection.

    Raises:
        WorkbenchError: they are not finite numbers.
    """
    sizes = [projection.in_features + 1 for projection in projections]
    moments = [torch.zeros(size, size, dtype=torch.float64) for size in sizes]
    with inputs_of(projections) as seen, torch.no_grad():
        for batch in rows:
            classifier.logits(batch.ids, batch.mask)
            for total, values in zip(moments, seen, strict=True):
                tokens = functional.pad(values[batch.mask.bool()], (0, 1), value=1.0)
                total += (tokens.T @ tokens).double()
    # attention without gradients can hide what is no number, so the weights are looked at too
    if not all(part.isfinite().all() for part in (*moments, *classifier.encoder.parameters())):
        raise WorkbenchError(
            "the model computes numbers that are not finite", remedy="It is damaged: train it again, or copy it again"
        )
    return moments


@contextmanager
def inputs_of(projections: Sequence[nn.Linear]) -> Iterator[list[Tensor]]:
    """The projections' inputs [n, tokens, columns] in the last forward run, in the order of `projections`."""
    seen: list[Tensor] = [torch.empty(0)] * len(projections)

    def watch(number: int, _: nn.Module, arguments: tuple[Any, ...]) -> None:
        (seen[number],) = arguments

    handles = [projection.register_forward_pre_hook(partial(watch, n)) for n, projection in enumerate(projections)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
