"""Threads and random numbers of torch within a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from workbench.machine import cores


@contextmanager
def threads(number: int | None = None) -> Iterator[None]:
    """Let torch use `number` threads in this block; None = torch's own choice, at most the cores of this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or min(before, cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Use all cores of this process and random numbers from `seed`; afterwards restore the caller's state."""
    with threads(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
