"""Context managers for the threads and the random numbers of torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from workbench.machine import cores


@contextmanager
def threads(number: int | None = None) -> Iterator[None]:
    """Limit torch to `number` threads in a block; None = torch's setting, but at most the cores of this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or min(before, cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random numbers in a block and use its default number of threads; restore both afterwards."""
    with threads(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
