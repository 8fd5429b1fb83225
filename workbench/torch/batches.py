"""Batches of texts with similar lengths, which need little padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

BATCH_SIZE = 32  # for inference; larger batches are not faster on a CPU
POOL = 50  # number of batches that are sorted by length together in training

Forward = Callable[[Tensor, Tensor], Sequence[Tensor | None]]


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Pad rows of token ids on the right.

    Args:
        ids: n rows of token ids; a row may be empty.
        pad_id: id of the padding token.

    Returns:
        Token ids and attention mask, both int64 [n, longest].
    """
    width = max(1, *(len(row) for row in ids))
    padded = torch.full((len(ids), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(padded)
    for number, row in enumerate(ids):
        padded[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return padded, mask


def sorted_batches(ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Sort rows by length and split their indices into batches of 32, shortest rows first."""
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    return [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]


def run_in_batches(forward: Forward, ids: Sequence[Sequence[int]], pad_id: int) -> list[Tensor | None]:
    """Compute the outputs of `forward` for all rows without gradients, in batches of similar length.

    Args:
        forward: function of token ids and attention mask, int64 [n, tokens].
        ids: rows of token ids.
        pad_id: id of the padding token.

    Returns:
        The outputs in the order of `ids`; None for an output that `forward` returns as None.
    """
    batches = sorted_batches(ids)
    with torch.inference_mode():
        parts = [forward(*pad([ids[number] for number in batch], pad_id)) for batch in batches]
    order = torch.tensor([number for batch in batches for number in batch]).argsort()
    return [None if column[0] is None else torch.cat(column)[order] for column in zip(*parts, strict=True)]


def shuffled_batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[list[int]]:
    """Make the batches of one epoch: lists of row indices in random order, each with rows of similar length.

    Rows are shuffled, sorted by length within pools of 50 batches, and split into batches. Then the batches are
    shuffled.

    Args:
        lengths: number of tokens of each row.
        size: batch size.
        rng: source of the random order.
    """
    order = rng.permutation(len(lengths))
    pools = [order[start : start + size * POOL] for start in range(0, len(order), size * POOL)]
    rows = [int(number) for pool in pools for number in sorted(pool, key=lambda number: lengths[number])]
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [batches[number] for number in rng.permutation(len(batches))]
