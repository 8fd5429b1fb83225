"""Cuts: structures pruned for real, each from a larger one that stands already, and how far their answers are off."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.api import Model
from workbench_compress.measuring import Bench
from workbench_compress.structure import Encoder, Structure
from workbench_compress.workshop import Workshop

LAYERS, HEADS, WIDTH = "drop-layers", "prune-heads", "prune-ffn"
ALIKE = 0.02  # times closer than this share of each other are not told apart
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cutter:
    """Makes structures of a base model.

    Args:
        lab: keeps them.
        base: the uncut model, its vocabulary trimmed or not.
        encoder: its structure.
        prefix: of the cuts' names.
    """

    lab: Workshop
    base: Model
    encoder: Encoder
    prefix: str = ""

    def name(self, structure: Structure) -> str:
        """What a cut is called."""
        return f"{self.prefix}{structure.name}"

    def grid(self) -> list[Structure]:
        """The structures that the passes at hand can make, the whole one first."""
        full = self.encoder.full
        can = {"layers": self.lab.offers(LAYERS), "heads": self.lab.offers(HEADS), "width": self.lab.offers(WIDTH)}
        return [
            s for s in self.encoder.grid() if all(can[part] or getattr(s, part) == getattr(full, part) for part in can)
        ]

    def cut(self, structure: Structure) -> Model:
        """The model of that structure, without recovery: layers go first, one depth after the other, then heads, then
        neurons.
        """
        full = self.encoder.full
        if structure == full:
            return self.base
        if structure.width < full.width:
            wider = Structure(structure.layers, structure.heads, full.width)
            return self._step(structure, wider, WIDTH, width=structure.width)
        if structure.heads < full.heads:
            more = Structure(structure.layers, full.heads, full.width)
            return self._step(structure, more, HEADS, heads=structure.heads)
        deeper = min(s.layers for s in self.encoder.grid() if s.layers > structure.layers)
        return self._step(structure, Structure(deeper, full.heads, full.width), LAYERS, layers=structure.layers)

    def _step(self, structure: Structure, source: Structure, using: str, **options: Any) -> Model:
        return self.lab.passed(f"cut-{self.name(structure)}", lambda: self.cut(source), using, **options)

    def cuts(self, structure: Structure) -> bool:
        """Whether that structure was cut already."""
        return self.lab.has(f"cut-{self.name(structure)}")

    def screened(self, structure: Structure, bench: Bench) -> dict[str, Any]:
        """See `Bench.screened`."""
        found: dict[str, Any] = self.lab.noted(
            f"cut-{self.name(structure)}", lambda: bench.screened(self.cut(structure))
        )
        return found

    def divergence(self, structure: Structure, bench: Bench) -> float:
        """How far the cut model's answers are from the uncompressed one's, in nats; see `Bench.compared`."""
        return float(self.screened(structure, bench)["divergence"])

    def guesses(self, structures: Sequence[Structure], bench: Bench) -> dict[Structure, float]:
        """A guess at the divergence of each structure: the sum of what each of its cuts does alone."""
        full = self.encoder.full
        return {
            s: sum(
                self.divergence(alone, bench)
                for alone in (
                    Structure(s.layers, full.heads, full.width),
                    Structure(full.layers, s.heads, full.width),
                    Structure(full.layers, full.heads, s.width),
                )
                if alone != full
            )
            for s in structures
        }


def undominated(structures: Sequence[Structure], time: Callable[[Structure], float]) -> list[Structure]:
    """Those for which there is no other that has at least as much of everything and takes no longer."""
    return [
        s
        for s in structures
        if not any(s != other and s.within(other) and time(other) <= time(s) * (1 + ALIKE) for other in structures)
    ]


def front(
    structures: Sequence[Structure], time: Callable[[Structure], float], divergence: Callable[[Structure], float]
) -> list[Structure]:
    """Those for which no other is both as fast and as near to the uncompressed model, the fastest first."""
    best, kept = math.inf, []
    for s in sorted(structures, key=lambda s: (time(s), divergence(s), s)):
        if divergence(s) < best:
            best = divergence(s)
            kept.append(s)
    return kept


def spaced(structures: Sequence[Structure], time: Callable[[Structure], float], most: int) -> list[Structure]:
    """Up to `most` of them, evenly by the logarithm of their time, and rather not the outermost; the fastest first."""
    left = sorted(structures, key=lambda s: (time(s), s))
    if len(left) <= most:
        return left
    low, high = math.log(time(left[0])), math.log(time(left[-1]))
    chosen: list[Structure] = []
    for number in range(most):
        wanted = low + (high - low) * (number + 0.5) / most
        free = [s for s in left if s not in chosen]
        chosen.append(min(free, key=lambda s: (abs(math.log(time(s)) - wanted), s)))
    return sorted(chosen, key=lambda s: (time(s), s))


@dataclass(frozen=True)
class Plan:
    """Which structures are cut, and which of those are trained.

    Args:
        grid: all that were thought of.
        undominated: those that fit, and that nothing larger that fits is as fast as.
        screened: those that were cut.
        divergences: of the screened ones.
        promising: those that were trained.
    """

    grid: list[Structure]
    undominated: list[Structure]
    screened: list[Structure]
    divergences: dict[Structure, float]
    promising: list[Structure] = field(default_factory=list)


def plan(
    cutter: Cutter,
    bench: Bench,
    time: Callable[[Structure], float],
    fits: Callable[[Structure], bool],
    screened: int,
) -> Plan:
    """Screen cheaply, by what is predicted of time and size and by how far a cut's answers are off.

    Args:
        cutter: makes the cuts.
        bench: says how far their answers are off.
        time: predicted milliseconds of a structure.
        fits: whether a structure can keep the budgets of time and size.
        screened: how many cuts are made at most.
    """

    grid, full = cutter.grid(), cutter.encoder.full
    free = [s for s in undominated(list(filter(fits, grid)), time) if s != full and time(s) < time(full)]
    if cutter.lab.left <= 0:
        free = [s for s in free if cutter.cuts(s)]
    guesses = cutter.guesses(free, bench)
    divergences: dict[Structure, float] = {}
    for s in spaced(front(free, time, guesses.__getitem__), time, screened):
        if cutter.lab.left <= 0 and not cutter.cuts(s):
            logger.info("no time is left to screen %s", cutter.name(s))
            continue
        divergences[s] = cutter.divergence(s, bench)
    return Plan(grid, free, list(divergences), divergences)
