"""Chains: an export, with or without fusing and quantizing, found by what the passes at hand declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from workbench.api import DISTRIBUTION, Model, Pass, option_fields
from workbench_compress.space.architecture import axis_values

FLOAT = "fp32"  # the weights of a model that no pass quantized
HALF = 16  # bits; a CPU computes with such weights in float32


@dataclass(frozen=True)
class Link:
    """One pass of a chain.

    Args:
        using: the pass.
        options: (option, value) pairs that differ from its defaults.
        name: the pass and the chosen values of its search space.
    """

    using: str
    options: tuple[tuple[str, Any], ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Chain:
    """The passes that turn a torch model into one that is served.

    Args:
        name: unique in its search.
        links: the passes in their order.
        precision: the pass that quantizes, or `fp32`.
        bits: of a weight.
        plain: whether nothing is fused and every option has its default.
    """

    name: str
    links: tuple[Link, ...]
    precision: str = FLOAT
    bits: int = 32
    plain: bool = True

    @property
    def quantized(self) -> bool:
        """Whether the CPU computes with fewer bits than float32 has."""
        return self.bits < HALF

    @property
    def for_size(self) -> bool:
        """Whether it saves bytes and no time."""
        return self.bits == HALF

    def to_json(self) -> list[dict[str, Any]]:
        """The passes and their options, as a recipe has them."""
        return [{"use": link.using, **dict(link.options)} for link in self.links]


def discover_chains(passes: Mapping[str, Pass], model: Model, wanted: Mapping[str, str], *, sized: bool) -> list[Chain]:
    """Every chain that the passes at hand allow, those first by whose models others may be timed.

    Plain quantization goes first, then the plain export. Quantization of the workbench's own distribution goes before
    that of third parties, and names decide between equals. So neither another plugin nor the order of plugins changes
    by what candidates are timed.

    Args:
        passes: name -> pass.
        model: the trained model.
        wanted: options that every quantizing pass gets that has them.
        sized: whether size matters, which is all that 16-bit weights are good for on a CPU.
    """
    found: list[Chain] = []
    for number, export in enumerate(taking(passes, "export", model.format)):
        fusing = taking(passes, "fuse", passes[export].produces)
        for fuse in (None, *fusing):
            links = (Link(export), *([Link(fuse)] if fuse else []))
            names = [name for name in (export if number else None, fuse) if name]  # the usual export is not named
            found.append(Chain("-".join([*names, FLOAT]), links, plain=not fuse))
            for quantize in taking(passes, "quantize", passes[fuse or export].produces):
                default, *others = settings(quantize, passes[quantize], model, wanted)
                for link in (default, *(others if fuse or not fusing else ())):  # what is fused is faster
                    name, plain = "-".join([*names, link.name]), not fuse and link == default
                    found.append(Chain(name, (*links, link), quantize, passes[quantize].bits, plain))

    def order(chain: Chain) -> tuple[bool, bool, str]:
        if not (chain.plain and chain.quantized):
            return True, False, ""
        return False, any(passes[link.using].distribution != DISTRIBUTION for link in chain.links), chain.name

    return sorted((chain for chain in found if sized or not chain.for_size), key=order)


def taking(passes: Mapping[str, Pass], role: str, made: str) -> list[str]:
    """The passes of a role that take a format."""
    return [name for name, each in passes.items() if each.role == role and each.consumes == made]


def settings(name: str, each: Pass, model: Model, wanted: Mapping[str, str]) -> list[Link]:
    """A quantizing pass with its defaults, then with every other combination of the values in its search space."""
    known = {field.name for field in option_fields(each.options)}
    common = tuple((option, value) for option, value in wanted.items() if option in known)
    values = {option: found for option, axis in each.space.items() if (found := axis_values(axis, each, model))}
    links = []
    for combination in product(*values.values()):
        chosen = {o: v for o, v in zip(values, combination, strict=True) if v != values[o][0]}
        links.append(Link(name, (*chosen.items(), *common), "-".join([name, *map(str, chosen.values())])))
    return links
