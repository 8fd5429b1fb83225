"""Actions: what a search can do next. The policy names one, the executor carries it out."""

from __future__ import annotations

from dataclasses import dataclass

from workbench_compress.candidates.candidate import Version
from workbench_compress.space.architecture import Architecture
from workbench_compress.space.chain import Chain


@dataclass(frozen=True)
class Serve:
    """Export a version by a chain, and measure the candidate."""

    version: Version
    chain: Chain


@dataclass(frozen=True)
class Trim:
    """Trim the vocabulary of the baseline model."""

    version: Version


@dataclass(frozen=True)
class MeasureLatency:
    """Measure the latency table."""


@dataclass(frozen=True)
class Prune:
    """Prune the model, and screen it: how far do its predictions deviate?"""

    version: Version


@dataclass(frozen=True)
class Train:
    """Train a pruned model for the last of its rounds."""

    version: Version


@dataclass(frozen=True)
class Round:
    """Begin a round of training.

    Args:
        architectures: that are trained in it.
        epochs: of this round and of those before.
    """

    architectures: tuple[Architecture, ...]
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class Stop:
    """End the search."""


Action = Serve | Trim | MeasureLatency | Prune | Train | Round | Stop
