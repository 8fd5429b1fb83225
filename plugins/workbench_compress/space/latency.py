"""The latency table: what an architecture costs on this CPU, put together from what its parts cost.

Small networks of random weights stand for the dimensions whose `config.json` a pass can tell: a time is what a network
costs beside its blocks, and for each block the cost of a full one less what its pruned parts save. Choosing widths by
such a table is ZipLM's idea (Kurtic et al. 2023, arXiv 2302.04089). Other dimensions are timed on pruned models: the
share of the time that is left is multiplied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench_compress.space.architecture import Architecture, Dimension, Space

DEPTHS = (1, 3)  # blocks of a random network
SHALLOW, DEEP = (f"{depth}-blocks" for depth in DEPTHS)
Costs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """What a model costs by one chain.

    Args:
        ms: least milliseconds for a text of each length; for a whole model, of one mean text.
        bytes: of its files.
    """

    ms: tuple[float, ...]
    bytes: int


@dataclass(frozen=True)
class LatencyTable:
    """Costs of random networks and of pruned models.

    Args:
        space: its dimensions.
        lengths: tokens of the texts on which networks were timed.
        networks: chain -> network -> cost.
        models: chain -> the model itself (`full`) and models that are pruned in one dimension -> cost.
        mix: tokens of each dev text.
        tokenizing: milliseconds for a text.
    """

    space: Space
    lengths: tuple[int, ...]
    networks: Mapping[str, Mapping[str, Cost]]
    models: Mapping[str, Mapping[str, Cost]]
    mix: tuple[int, ...]
    tokenizing: float

    @cached_property
    def chains(self) -> list[str]:
        """Names of the chains that it knows."""
        return list(self.networks)

    def predict(self, architecture: Architecture, chain: str) -> tuple[float, float]:
        """Milliseconds for a text of the mix: mean and 95th percentile."""
        share = self._share(architecture, chain, lambda cost: cost.ms[0])
        if not self.networks[chain]:
            (whole,) = self.models[chain]["full"].ms
            return whole * share, whole * share
        by_length = self._together(architecture, lambda name: np.array(self.networks[chain][name].ms))
        each = np.interp(self.mix, self.lengths, by_length) * share + self.tokenizing
        return float(each.mean()), float(np.quantile(each, 0.95))

    def predicted_bytes(self, bytes: int, architecture: Architecture, chain: str) -> float:
        """Bytes of an architecture by a chain by which the unpruned model has so many."""
        left, networks = float(bytes), self.networks[chain]
        if networks:
            full, pruned = (
                self._together(a, lambda name: np.array([float(networks[name].bytes)]))[0]
                for a in (self.space.full, architecture)
            )
            left -= full - pruned
        return max(0.0, left) * self._share(architecture, chain, lambda cost: cost.bytes)

    def _together(self, architecture: Architecture, of: Callable[[str], Costs]) -> Costs:
        """A cost put together from those of networks."""
        at = [(d, level) for d, level in zip(self.space.dimensions, architecture.levels, strict=True) if d.resize]
        deep = of(DEEP)
        saved = sum((deep - of(network_name(d, level)) for d, level in at if level and not d.blocks), np.zeros(1))
        count = next((d.values[level] for d, level in at if d.blocks), None)
        if count is None:
            return deep - saved
        few, many = DEPTHS
        block = (deep - of(SHALLOW)) / (many - few)
        together: Costs = deep - many * block + count * np.maximum(block - saved / many, 0.0)
        return together

    def _share(self, architecture: Architecture, chain: str, of: Callable[[Cost], float]) -> float:
        """The share of a cost that is left by the dimensions that were measured on pruned models."""
        share, models = 1.0, self.models[chain]
        for place, (dimension, level) in enumerate(zip(self.space.dimensions, architecture.levels, strict=True)):
            if level and not dimension.resize:
                cost = models.get(self.space.name(self.space.only(place, level)))
                share *= of(cost) / of(models["full"]) if cost else math.inf
        return share

    def to_json(self) -> dict[str, Any]:
        """It for the measurements."""
        return {
            "lengths": self.lengths,
            "milliseconds": {
                chain: {name: c.ms for name, c in costs.items()} for chain, costs in self.networks.items()
            },
            "tokenizing_ms": self.tokenizing,
        }


def network_name(dimension: Dimension, level: int) -> str:
    """What the network is called that is pruned in one dimension."""
    return f"{dimension.using}.{dimension.option}{dimension.values[level]}"


def networks_of(space: Space, config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The `config.json` of each random network: few full blocks and more, and the latter with each pruned part.

    Without a dimension that counts blocks all networks are as deep as the model.
    """
    resized = [(dimension, dimension.resize) for dimension in space.dimensions if dimension.resize]
    blocks = next(((d, resize) for d, resize in resized if d.blocks), None)
    if not resized:
        return {}
    found = {DEEP: config}
    if blocks:
        found = {name: blocks[1](config, depth) for name, depth in zip((SHALLOW, DEEP), DEPTHS, strict=True)}
    for dimension, resize in resized:
        if not dimension.blocks:
            for level in range(1, len(dimension.values)):
                found[network_name(dimension, level)] = resize(found[DEEP], dimension.values[level])
    return found
