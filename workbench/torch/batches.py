"""Batches: texts of like length together, so that little is padded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

BATCH_SIZE = 32  # rows of a call without gradients; larger batches are no faster on a CPU
POOL = 50  # batches among which rows are sorted by length in training

Forward = Callable[[Tensor, Tensor], Sequence[Tensor | None]]


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, int64 [n, longest], padded on the right; a text without tokens is padding only."""
    width = max(1, *(len(row) for row in ids))
    padded = torch.full((len(ids), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(padded)
    for number, row in enumerate(ids):
        padded[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return padded, mask


def sorted_batches(ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Row numbers in batches of 32, the shortest rows first."""
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    return [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]


def run_in_batches(forward: Forward, ids: Sequence[Sequence[int]], pad_id: int) -> list[Tensor | None]:
    """Every output of `forward` for all rows, in the order of `ids`; computed in batches sorted by length."""
    batches = sorted_batches(ids)
    with torch.inference_mode():
        parts = [forward(*pad([ids[number] for number in batch], pad_id)) for batch in batches]
    back = torch.tensor([number for batch in batches for number in batch]).argsort()
    return [None if column[0] is None else torch.cat(column)[back] for column in zip(*parts, strict=True)]


def shuffled_batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[list[int]]:
    """One epoch: batches of row numbers in random order, each of rows of like length.

    Rows are shuffled, sorted by length within pools of 50 batches, cut into batches, and the batches are shuffled.
    """
    order = rng.permutation(len(lengths))
    pools = [order[start : start + size * POOL] for start in range(0, len(order), size * POOL)]
    rows = [int(number) for pool in pools for number in sorted(pool, key=lambda number: lengths[number])]
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [batches[number] for number in rng.permutation(len(batches))]
