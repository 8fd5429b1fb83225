"""Which heads or neurons of a projection stay: groups of its columns, by one of two measures.

`fisher`: those on which the loss depends most, each by itself (Kwon et al. 2022, arXiv 2204.09656).
`output`: again and again those go without which the projection's output, with the weights behind the others fitted to
it, changes least: the optimal brain surgeon (Hassibi & Stork 1993) on groups of columns, as in ZipLM (Kurtic et al.
2023, arXiv 2302.04089). It sees what the others can stand in for, and needs no labels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench_prune.importance import InputMoments
from workbench_prune.projection import with_ridge

ROUND = 32  # columns that go before the others are looked at again, if a group is not larger


def select(projection: nn.Linear, seen: InputMoments, count: int, measure: str) -> Tensor:
    """The numbers of the `count` groups that stay, in ascending order, int64.

    Args:
        projection: its columns are groups of equal size.
        seen: what was measured at it.
        count: at most as many as there are.
        measure: `output` or `fisher`.
    """
    if measure != "fisher":
        return irreplaceable(projection, seen, count)
    assert seen.fisher is not None
    return strongest(seen.fisher, count)


def strongest(scores: Tensor, count: int) -> Tensor:
    """The numbers of the `count` highest scores in ascending order, int64; of equal ones the first."""
    return scores.argsort(descending=True, stable=True)[:count].sort().values


def irreplaceable(projection: nn.Linear, seen: InputMoments, count: int) -> Tensor:
    """The groups that are left when the most replaceable ones went, a few at a time.

    Without group g, and with the best fit of the others, the output's squared error grows by tr(Wg^T (H[g, g])^-1 Wg),
    where H is the inverse of the inputs' moments and Wg the weights of g's columns; the fit and H without g follow from
    H alone.
    """
    groups, size = seen.groups, projection.in_features // seen.groups
    weights = torch.cat([projection.weight, projection.bias[:, None]], dim=1).detach().double().T
    inverse = torch.linalg.inv(with_ridge(seen.moments))
    alive = torch.arange(groups)
    while len(alive) > count:
        blocks = inverse[:-1, :-1].reshape(len(alive), size, len(alive), size).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
        own = weights[:-1].reshape(len(alive), size, -1)
        errors = (own * torch.linalg.solve(blocks, own)).sum((1, 2))
        going = errors.argsort(stable=True)[: min(max(1, ROUND // size), len(alive) - count)]
        leaving = torch.zeros(len(alive), dtype=torch.bool)
        leaving[going] = True
        alive = alive[~leaving]
        gone = torch.cat([leaving.repeat_interleave(size), torch.tensor([False])])
        shift = torch.linalg.solve(inverse[gone][:, gone], torch.cat([inverse[gone][:, ~gone], weights[gone]], dim=1))
        link = inverse[~gone][:, gone]
        kept = int((~gone).sum())
        weights = weights[~gone] - link @ shift[:, kept:]
        inverse = inverse[~gone][:, ~gone] - link @ shift[:, :kept]
    return alive
