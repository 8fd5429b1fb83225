"""Architectures: what the passes that prune can leave of an encoder, and by which passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby, product
from typing import Any

from workbench.api import Axis, Model, Pass


@dataclass(frozen=True)
class Architecture:
    """A point of the search space.

    Args:
        levels: for each dimension how far it is pruned; 0 leaves the model as it is.
    """

    levels: tuple[int, ...]

    @property
    def pruned(self) -> bool:
        """Whether anything is left out."""
        return any(self.levels)

    @property
    def order(self) -> tuple[int, ...]:
        """What decides between equals: the more is pruned, the earlier an architecture comes."""
        return tuple(-level for level in self.levels)

    def within(self, other: Architecture) -> bool:
        """Whether it has nowhere more than the other."""
        return all(own >= theirs for own, theirs in zip(self.levels, other.levels, strict=True))


@dataclass(frozen=True)
class Dimension:
    """An option of a pass that prunes.

    Args:
        using: the pass.
        option: its option.
        values: the option's values; the first one leaves the model as it is.
        resize: see `Axis`.
        blocks: see `Axis`.
        title: in English and in Chinese.
    """

    using: str
    option: str
    values: tuple[Any, ...]
    resize: Callable[[Mapping[str, Any], Any], Mapping[str, Any]] | None = None
    blocks: bool = False
    title: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class PruningStep:
    """The last pass by which an architecture comes about.

    Args:
        source: the architecture that it prunes.
        using: the pass.
        options: of the pass.
    """

    source: Architecture
    using: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Space:
    """All architectures that the passes at hand can leave of a model.

    Args:
        dimensions: in the order in which they are pruned, those of one pass together; blocks go first.
    """

    dimensions: tuple[Dimension, ...] = ()

    @property
    def full(self) -> Architecture:
        """The unpruned architecture."""
        return Architecture((0,) * len(self.dimensions))

    @property
    def size(self) -> int:
        """How many architectures there are."""
        return math.prod(len(dimension.values) for dimension in self.dimensions)

    def grid(self) -> list[Architecture]:
        """Every architecture, the unpruned one first."""
        return [Architecture(levels) for levels in product(*(range(len(d.values)) for d in self.dimensions))]

    def values(self, architecture: Architecture) -> dict[str, Any]:
        """What is left, by the name of each dimension."""
        names = self.names()
        return {name: d.values[n] for name, d, n in zip(names, self.dimensions, architecture.levels, strict=True)}

    def names(self) -> list[str]:
        """The option of each dimension, with its pass where two passes have an option of one name."""
        options = [dimension.option for dimension in self.dimensions]
        return [d.option if options.count(d.option) == 1 else f"{d.using}.{d.option}" for d in self.dimensions]

    def name(self, architecture: Architecture) -> str:
        """The name of an architecture in folders and reports."""
        return "-".join(f"{name}{value}" for name, value in self.values(architecture).items())

    def only(self, place: int, level: int) -> Architecture:
        """The architecture that is pruned in one dimension alone."""
        return Architecture(tuple(level if n == place else 0 for n in range(len(self.dimensions))))

    def singles(self, architecture: Architecture) -> list[Architecture]:
        """What an architecture is put together from: architectures that are pruned in one dimension alone."""
        return [self.only(place, level) for place, level in enumerate(architecture.levels) if level]

    def last_step(self, architecture: Architecture) -> PruningStep:
        """The last of the passes that lead to a pruned architecture.

        Blocks are left out level by level, so that all depths share their steps; other passes go there at once.
        """
        place = max(place for place, level in enumerate(architecture.levels) if level)
        last, levels = self.dimensions[place], list(architecture.levels)
        own = [n for n, dimension in enumerate(self.dimensions) if dimension.using == last.using]
        options = {self.dimensions[n].option: self.dimensions[n].values[levels[n]] for n in own}
        for n in own:
            levels[n] = levels[n] - 1 if last.blocks and len(own) == 1 else 0
        return PruningStep(Architecture(tuple(levels)), last.using, options)


def discover_space(passes: Mapping[str, Pass], model: Model) -> Space:
    """Read the search space from the passes that prune models of this format."""
    found = [
        dimension
        for name, each in passes.items()
        if each.role == "prune" and each.consumes == each.produces == model.format
        for dimension in dimensions(name, each, model)
    ]
    groups = [list(group) for _, group in groupby(found, key=lambda dimension: dimension.using)]
    ordered = sorted(groups, key=lambda group: not any(dimension.blocks for dimension in group))
    return Space(tuple(dimension for group in ordered for dimension in group))


def dimensions(name: str, each: Pass, model: Model) -> list[Dimension]:
    """The dimensions of one pass; values that leave nothing to choose are left out."""
    found = []
    for option, axis in each.space.items():
        resize = None if axis.resize is None else each.function(axis.resize)
        title = (axis.title[0] or option, axis.title[1] or option)
        found.append(Dimension(name, option, axis_values(axis, each, model), resize, axis.blocks, title))
    return [dimension for dimension in found if len(dimension.values) > 1]


def axis_values(axis: Axis, each: Pass, model: Model) -> tuple[Any, ...]:
    """The values of an axis for a model."""
    if isinstance(axis.values, str) or callable(axis.values):
        return tuple(each.function(axis.values)(model))
    return tuple(axis.values)
