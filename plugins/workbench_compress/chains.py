"""Chains: the passes that turn a torch model into one that is served, with or without fusing before quantizing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workbench.api import Model
from workbench_compress import ReduceRange
from workbench_compress.workshop import Workshop

EXPORT, FUSE = "onnx", "fuse"
QUANTIZERS: dict[str, str | None] = {"fp32": None, "int8": "int8", "fp16": "fp16-weights"}
STATIC = {"mode": "static"}


@dataclass(frozen=True)
class Chain:
    """An export and what follows it.

    Args:
        precision: `fp32`, `int8` or `fp16`.
        fused: whether nodes are fused first.
        static: whether the scales of int8 activations are found beforehand.
        reduce_range: of the pass `int8`; one for all chains of a search, so that it is no part of a name.
    """

    precision: str
    fused: bool = False
    static: bool = False
    reduce_range: ReduceRange = "auto"

    @property
    def name(self) -> str:
        """Its name as folders have it."""
        return "-".join(["fused"] * self.fused + ["static"] * self.static + [self.precision])

    @property
    def passes(self) -> dict[str, Mapping[str, str]]:
        """The passes in their order, with their options."""
        quantizer = QUANTIZERS[self.precision]
        named = (EXPORT, *((FUSE,) if self.fused else ()), *((quantizer,) if quantizer else ()))
        options = STATIC if self.static else {}
        if self.reduce_range != "auto":
            options = {**options, "reduce_range": self.reduce_range}
        return {using: options if using == quantizer else {} for using in named}

    def applied(self, lab: Workshop, name: str, model: Callable[[], Model]) -> Model:
        """What the chain makes of a torch model that is called `name`; chains share their first steps.

        Raises:
            WorkbenchError: as the passes do.
        """
        for using, options in self.passes.items():
            name = "-".join([name, *options.values(), using])
            model = _step(lab, name, model, using, options)
        return model()


def _step(
    lab: Workshop, name: str, model: Callable[[], Model], using: str, options: Mapping[str, str]
) -> Callable[[], Model]:
    return lambda: lab.passed(name, model, using, **options)


def offered(lab: Workshop, *, sized: bool, reduce_range: ReduceRange = "auto") -> list[Chain]:
    """Every chain whose passes are there, the plain ones first; static scales are for fused graphs.

    Args:
        lab: knows the passes.
        sized: whether size matters, which is all that fp16 is good for on a CPU.
        reduce_range: of the pass `int8`.
    """
    precisions = [precision for precision in QUANTIZERS if sized or precision != "fp16"]
    chains = [Chain(precision, fused) for fused in (False, True) for precision in precisions]
    chains.append(Chain("int8", fused=True, static=True))
    chains = [dataclasses.replace(c, reduce_range=reduce_range) if c.precision == "int8" else c for c in chains]
    return [chain for chain in chains if all(_can(lab, using, options) for using, options in chain.passes.items())]


def _can(lab: Workshop, using: str, options: Mapping[str, str]) -> bool:
    return lab.offers(using) and options.keys() <= lab.takes(using)
