"""How much the loss depends on each head or neuron: the diagonal Fisher information of a mask on it.

A mask of ones stands before a projection's columns; the score of a column, or of a group of columns, is the sum over
rows of the squared gradient of a row's loss with respect to its mask (Kwon et al. 2022, arXiv 2204.09656, section 4.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.errors import WorkbenchError
from workbench_prune.network import Network
from workbench_prune.rows import Batch


@dataclass
class Measured:
    """What was seen at one projection.

    Args:
        fisher: a score a group of columns, float64 [groups].
        moments: sum over tokens of x xᵀ, where x are the projection's inputs and a 1, float64 [columns + 1] twice.
    """

    fisher: Tensor
    moments: Tensor


def measure(network: Network, rows: Sequence[Batch], projections: Sequence[nn.Linear], groups: int) -> list[Measured]:
    """Scores and moments of each projection, whose columns are `groups` groups of equal size.

    Raises:
        WorkbenchError: they are not finite numbers.
    """
    found = [
        Measured(torch.zeros(groups, dtype=torch.float64), torch.zeros(size, size, dtype=torch.float64))
        for size in (projection.in_features + 1 for projection in projections)
    ]
    with inputs_of(projections) as seen:
        for batch in rows:
            logits = network.logits(batch.ids, batch.mask)
            # rows do not depend on each other, so the gradient of the sum holds each row's own
            loss = functional.cross_entropy(logits, batch.labels, reduction="sum")
            gradients = torch.autograd.grad(loss, seen)
            for one, values, gradient in zip(found, seen, gradients, strict=True):
                by_mask = (values.detach() * gradient).sum(1).reshape(len(values), groups, -1).sum(2)
                one.fisher += by_mask.double().square().sum(0)
                tokens = functional.pad(values.detach()[batch.mask.bool()], (0, 1), value=1.0)
                one.moments += (tokens.T @ tokens).double()
    if not all(one.fisher.isfinite().all() and one.moments.isfinite().all() for one in found):
        raise WorkbenchError(
            "the model computes numbers that are not finite", remedy="It is damaged: train it again, or copy it again"
        )
    return found


@contextmanager
def inputs_of(projections: Sequence[nn.Linear]) -> Iterator[list[Tensor]]:
    """The projections' inputs [n, tokens, columns] in the last forward run, in the order of `projections`."""
    seen: list[Tensor] = [torch.empty(0)] * len(projections)

    def watch(number: int) -> Any:
        def hook(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            seen[number] = arguments[0]

        return hook

    handles = [projection.register_forward_pre_hook(watch(n)) for n, projection in enumerate(projections)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
