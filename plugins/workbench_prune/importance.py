"""Moments of a projection's inputs, and how much the loss depends on each: heads and neurons are chosen by them.

The latter is the diagonal Fisher information: a mask of ones stands before a projection's columns; the score of a group
of columns is the sum over rows of the squared gradient of a row's loss with respect to its mask (Kwon et al. 2022,
arXiv 2204.09656, section 4.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from workbench.api import WorkbenchError
from workbench.api.torch import IntentClassifier
from workbench_prune.rows import Batch


@dataclass
class InputMoments:
    """Statistics of one projection's inputs.

    Args:
        groups: its columns are so many groups of equal size.
        moments: sum over tokens of x xᵀ, where x are the projection's inputs and a 1, float64 [columns + 1] twice.
        fisher: a score a group, float64 [groups]; None where it was not asked for.
    """

    groups: int
    moments: Tensor
    fisher: Tensor | None = None

    def kept(self, groups: Tensor) -> float | None:
        """The share of the Fisher information that these groups have; None where it was not asked for."""
        if self.fisher is None:
            return None
        return float(self.fisher[groups].sum() / self.fisher.sum().clamp(min=1e-30))


def measure(
    classifier: IntentClassifier, rows: Sequence[Batch], projections: Sequence[nn.Linear], groups: int, *, fisher: bool
) -> list[InputMoments]:
    """Moments of each projection, whose columns are `groups` groups; with `fisher` also scores, by a backward pass.

    Raises:
        WorkbenchError: they are not finite numbers.
    """
    found = [
        InputMoments(
            groups,
            torch.zeros(projection.in_features + 1, projection.in_features + 1, dtype=torch.float64),
            torch.zeros(groups, dtype=torch.float64) if fisher else None,
        )
        for projection in projections
    ]
    with inputs_of(projections) as seen, torch.set_grad_enabled(fisher):
        for batch in rows:
            logits = classifier.logits(batch.ids, batch.mask)
            for one, values in zip(found, seen, strict=True):
                tokens = functional.pad(values.detach()[batch.mask.bool()], (0, 1), value=1.0)
                one.moments += (tokens.T @ tokens).double()
            if fisher:
                add_scores(found, seen, functional.cross_entropy(logits, batch.labels, reduction="sum"))
    numbers = [part for one in found for part in (one.moments, one.fisher) if part is not None]
    # attention without gradients can hide what is no number, so the weights are looked at too
    if not all(part.isfinite().all() for part in (*numbers, *classifier.encoder.parameters())):
        raise WorkbenchError(
            "the model computes numbers that are not finite", remedy="It is damaged: train it again, or copy it again"
        )
    return found


def add_scores(found: Sequence[InputMoments], seen: Sequence[Tensor], loss: Tensor) -> None:
    """Add a batch's scores. Rows do not depend on each other, so the gradient of their sum holds each row's own."""
    for one, values, gradient in zip(found, seen, torch.autograd.grad(loss, seen), strict=True):
        assert one.fisher is not None
        by_mask = (values.detach() * gradient).sum(1).reshape(len(values), one.groups, -1).sum(2)
        one.fisher += by_mask.double().square().sum(0)


def fisher_note(shares: Sequence[float | None]) -> str:
    """The end of a log line: the smallest share of the Fisher information, where it was measured."""
    known = [share for share in shares if share is not None]
    return f"; of the Fisher information at least {min(known):.3f}" if known else ""


def fisher_figures(shares: Sequence[float | None]) -> dict[str, list[float]]:
    """The shares for a history, nothing where they were not measured."""
    known = [round(share, 4) for share in shares if share is not None]
    return {"fisher_kept": known} if known else {}


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
