"""Chains: an export, with or without fusing and quantizing, built from the declarations of the installed passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from workbench.api import DISTRIBUTION, Model, Pass, option_fields
from workbench_compress.space.architecture import axis_values

FLOAT = "fp32"  # the weights of a model that no pass quantized
HALF = 16  # bits; a CPU computes with such weights in float32


@dataclass(frozen=True)
class Link:
    """One pass of a chain, with the options that differ from its defaults.

    Args:
        using: the pass.
        options: (option, value) pairs.
        named: whether the values are part of the chain's name: those of the search space, not those of the user.
    """

    using: str
    options: tuple[tuple[str, Any], ...] = ()
    named: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The pass and the chosen values of its search space."""
        return "-".join([self.using, *(str(value) for option, value in self.options if option in self.named)])


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

    def steps(self, name: str) -> Iterator[tuple[str, Link]]:
        """What each pass makes of a model of that name is called; chains share their first steps."""
        for link in self.links:
            name = "-".join([name, link.using, *(str(value) for _, value in link.options)])
            yield name, link

    def to_json(self) -> list[dict[str, Any]]:
        """The passes and their options, as a recipe has them."""
        return [{"use": link.using, **dict(link.options)} for link in self.links]

    @classmethod
    def of(cls, links: Iterable[Link], passes: Mapping[str, Pass], *, first_export: str) -> Chain:
        """Name a chain after its passes; the export is left out of the name where it is the usual one."""
        links = tuple(links)
        quantizer = next((link for link in links if passes[link.using].role == "quantize"), None)
        named = [link.name for link in links if link.using != first_export] + ([] if quantizer else [FLOAT])
        plain = all(passes[link.using].role != "fuse" and not link.named for link in links)
        if quantizer is None:
            return cls("-".join(named), links, plain=plain)
        return cls("-".join(named), links, quantizer.using, passes[quantizer.using].bits, plain)


def discover_chains(passes: Mapping[str, Pass], model: Model, wanted: Mapping[str, str], *, sized: bool) -> list[Chain]:
    """Every chain that the passes at hand allow, the plain export first.

    Args:
        passes: name -> pass.
        model: the trained model.
        wanted: options that every quantizing pass gets that has them.
        sized: whether size matters, which is all that 16-bit weights are good for on a CPU.
    """
    exports = [name for name, each in passes.items() if each.role == "export" and each.consumes == model.format]
    chains = []
    for export in exports:
        made = passes[export].produces
        fusing: list[tuple[Link, ...]] = [(), *((Link(name),) for name in taking(passes, "fuse", made))]
        for fused in fusing:
            links = (Link(export), *fused)
            made = passes[links[-1].using].produces
            chains.append(links)
            chains += [
                (*links, using_defaults(name, passes[name], wanted)) for name in taking(passes, "quantize", made)
            ]
            if fused or len(fusing) == 1:  # what is fused is faster, so other values are tried there
                for name in taking(passes, "quantize", made):
                    chains += [(*links, link) for link in variants(name, passes[name], model, wanted)]
    found = [Chain.of(links, passes, first_export=exports[0]) for links in chains]
    return [chain for chain in found if sized or not chain.for_size]


def yardsticks(chains: Iterable[Chain], passes: Mapping[str, Pass]) -> list[Chain]:
    """The chains that may serve as the yardstick, the preferred one first: plain quantization, then the plain export.

    Quantization of the workbench's own distribution goes before that of third parties, and names decide between equals.
    Thus neither another plugin nor the order of plugins changes the yardstick.
    """
    plain, *more = [chain for chain in chains if chain.plain]
    quantized = [chain for chain in more if chain.quantized]

    def order(chain: Chain) -> tuple[bool, str]:
        return any(passes[link.using].distribution != DISTRIBUTION for link in chain.links), chain.name

    return [*sorted(quantized, key=order), plain]


def taking(passes: Mapping[str, Pass], role: str, made: str) -> list[str]:
    """The passes of a role that take a format."""
    return [name for name, each in passes.items() if each.role == role and each.consumes == made]


def using_defaults(name: str, each: Pass, wanted: Mapping[str, str]) -> Link:
    """A quantizing pass with its defaults, and with what the user wants of all of them."""
    known = {field.name for field in option_fields(each.options)}
    return Link(name, tuple((option, value) for option, value in wanted.items() if option in known))


def variants(name: str, each: Pass, model: Model, wanted: Mapping[str, str]) -> list[Link]:
    """The same pass with every other combination of the values in its search space."""
    values = {option: axis_values(axis, each, model) for option, axis in each.space.items()}
    default, links = {option: found[0] for option, found in values.items() if found}, []
    for combination in product(*(found for found in values.values() if found)):
        chosen = {o: v for o, v in zip(default, combination, strict=True) if v != default[o]}
        if chosen:
            link = using_defaults(name, each, wanted)
            links.append(dataclasses.replace(link, options=(*chosen.items(), *link.options), named=tuple(chosen)))
    return links
