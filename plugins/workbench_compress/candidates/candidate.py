"""Candidates: models that could be served, with their figures."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from workbench.api import Model
from workbench_compress.candidates.figures import Figures
from workbench_compress.space.architecture import Architecture, Space
from workbench_compress.space.chain import Chain


@dataclass(frozen=True)
class Version:
    """A torch model of the search: the baseline model, or what passes before the export left of it.

    Args:
        architecture: what is left of the encoder.
        tokens: how many common tokens its trimmed vocabulary has, None where it is not trimmed.
        rounds: epochs of each round of recovery training.
    """

    architecture: Architecture
    tokens: int | None = None
    rounds: tuple[int, ...] = ()

    @property
    def pruned(self) -> bool:
        """Whether a part of the encoder is left out."""
        return self.architecture.pruned

    @property
    def trimmed(self) -> bool:
        """Whether tokens are left out."""
        return self.tokens is not None

    @property
    def epochs(self) -> int:
        """Epochs of recovery training."""
        return sum(self.rounds)

    def name(self, space: Space) -> str:
        """Its name in folders and reports."""
        trimmed = [f"trimmed-{self.tokens}"] * self.trimmed
        if not self.pruned:
            return "-".join(["baseline", *trimmed])
        rounds = [f"e{'-'.join(map(str, self.rounds))}"] if self.rounds else []
        return "-".join([*trimmed, space.name(self.architecture), *rounds])


@dataclass(frozen=True)
class Candidate:
    """A measured model.

    Args:
        name: unique in its search.
        version: the torch model that it was made of.
        chain: by which passes.
        model: as it would be served.
        figures: what was measured of it.
    """

    name: str
    version: Version
    chain: Chain
    model: Model
    figures: Figures

    @property
    def pruned(self) -> bool:
        """Whether a part of the encoder is left out."""
        return self.version.pruned

    @property
    def architecture(self) -> Architecture:
        """What is left of the encoder."""
        return self.version.architecture

    @property
    def unchanged(self) -> bool:
        """Whether it is the baseline model, exported: nothing is pruned, trimmed or quantized."""
        return self.chain.bits > 16 and not self.version.pruned and not self.version.trimmed

    @property
    def peer(self) -> bool:
        """Whether it is what is served without a search: an export, and at most a quantization with its defaults."""
        return self.chain.plain and not self.chain.for_size and not self.version.pruned and not self.version.trimmed

    @property
    def computation(self) -> tuple[object, ...]:
        """What decides how long it takes: all but its weights."""
        return self.architecture, self.chain, self.version.trimmed, self.model.rows_per_call


def calibrated(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Give the candidates times as if all had been measured in the same minutes.

    Each candidate was timed in turn with the yardstick. Its share of the yardstick's time is multiplied by the median
    time of the yardstick beside all of them. Candidates that differ in weights alone take equally long: the median of
    what was measured.
    """
    usual, alike = median(c.figures.yardstick_ms for c in candidates), defaultdict(list)
    for c in candidates:
        alike[c.computation].append(c.figures)

    def timed(c: Candidate) -> Candidate:
        seen = alike[c.computation]
        mean = float(usual * median(f.mean_ms / f.yardstick_ms for f in seen))
        p95 = float(usual * median(f.p95_ms / f.yardstick_ms for f in seen))
        return dataclasses.replace(c, figures=dataclasses.replace(c.figures, mean_ms=mean, p95_ms=p95))

    return [timed(c) for c in candidates]
