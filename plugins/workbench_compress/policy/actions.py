"""Actions: what a search can do next. The policy names one, the executor carries it out."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Prune the model to an architecture, and screen it: how far do its predictions deviate?"""

    architecture: Architecture


@dataclass(frozen=True)
class Plan:
    """Settle which architectures are screened."""

    architectures: tuple[Architecture, ...]


@dataclass(frozen=True)
class Train:
    """Train a pruned model for the last of its rounds."""

    version: Version


@dataclass(frozen=True)
class Compare:
    """Compare the predictions of a version before its export with those of the baseline model."""

    version: Version


@dataclass(frozen=True)
class Round:
    """Begin a round of training.

    Args:
        architectures: that are trained in it.
        epochs: of this round and of those before.
        missing: points by which each one's predictions were beyond their budgets before it.
        tried: how many candidates there were when the first round of this batch began.
    """

    architectures: tuple[Architecture, ...]
    epochs: tuple[int, ...]
    missing: Mapping[Architecture, float]
    tried: int


@dataclass(frozen=True)
class Settle:
    """End the batches; the time that is left goes to the chosen architecture.

    Args:
        architecture: None where the chosen candidate was not trained.
        rounds: epochs of the rounds that it was trained for.
    """

    architecture: Architecture | None = None
    rounds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stop:
    """End the search."""


Action = Serve | Trim | MeasureLatency | Prune | Plan | Train | Compare | Round | Settle | Stop
