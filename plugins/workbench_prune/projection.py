"""A projection without some of its columns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

RIDGE = 1e-3  # of the mean second moment


def fitted(projection: nn.Linear, kept: Tensor, moments: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias on the kept columns whose output is nearest to the whole projection's, by least squares.

    With x the whole input, k the kept part of it and W the weight, it is the V with the least E|W x - V k|² plus a
    small ridge on V's distance from W's own columns. Both inputs end with a 1, whose column is the bias.

    Args:
        projection: with all columns.
        kept: numbers of the columns that stay, int64 [k].
        moments: see `InputMoments`.
    """
    whole = torch.cat([projection.weight, projection.bias[:, None]], dim=1).detach().double()
    constant = torch.tensor([projection.in_features])
    staying = torch.cat([kept, constant])
    leaving = torch.ones(projection.in_features + 1, dtype=torch.bool)
    leaving[staying] = False
    square = with_ridge(moments[staying][:, staying])
    shift = torch.linalg.solve(square, moments[staying][:, leaving] @ whole[:, leaving].T)
    made = (whole[:, staying] + shift.T).float()
    return made[:, :-1].contiguous(), made[:, -1].contiguous()


def with_ridge(moments: Tensor) -> Tensor:
    """Moments with the ridge on their diagonal, which makes them invertible."""
    return moments + RIDGE * moments.diagonal().mean() * torch.eye(len(moments), dtype=moments.dtype)


def narrow(projection: nn.Linear, kept: Tensor, moments: Tensor | None) -> None:
    """Keep only these columns; with `moments`, fit weight and bias to what all columns gave."""
    if moments is None:
        weight, bias = projection.weight.detach()[:, kept].clone(), projection.bias.detach().clone()
    else:
        weight, bias = fitted(projection, kept, moments)
    projection.weight, projection.bias = nn.Parameter(weight), nn.Parameter(bias)
    projection.in_features = len(kept)


def keep_rows(linear: nn.Linear, kept: Tensor) -> None:
    """Keep only these outputs of a linear layer."""
    linear.weight = nn.Parameter(linear.weight.detach()[kept].clone())
    linear.bias = nn.Parameter(linear.bias.detach()[kept].clone())
    linear.out_features = len(kept)
