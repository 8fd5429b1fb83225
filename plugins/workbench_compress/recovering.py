"""Recovery in rounds: every promising cut is trained for a little, the better half of what is left for twice as long.

That is successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943), with rules of our own: once a cut keeps every
budget, only faster ones are worth more training; none is that gains too little to ever keep it; none that was seen to
be too slow or too large, which training does not mend; and one that cannot be trained or served is left out. Time that
is left after that goes to the cut that is chosen: more training costs its speed nothing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from workbench.api import Model, WorkbenchError
from workbench.api.machine import multiplies_bfloat16
from workbench_compress.candidate import Candidate, Limit, beyond_training, calibrated, measured_by, points_over
from workbench_compress.chains import Chain
from workbench_compress.choosing import misses
from workbench_compress.cutting import Cutter
from workbench_compress.measuring import Bench
from workbench_compress.structure import Structure
from workbench_compress.workshop import Workshop

RECOVER = "recover"
ROUNDS = 6
HOPE = 0.25
GAIN = 0.05  # share of its divergence that further training has to take from the chosen cut; .1 to .25 is usual
STEP = 3  # a step of training takes as long as asking its rows so often: forth once, back twice
logger = logging.getLogger(__name__)


@dataclass
class Recovery:
    """Trains cuts in rounds.

    Args:
        lab: keeps what was trained, and knows how much time is left.
        cutter: makes the cuts.
        bench: measures.
        chains: how each trained cut is served; others than the first only where that alone spoils it.
        time: predicted milliseconds of a structure, by the first of the chains or by that of a name.
        limits: the budgets.
        uncut: what was measured before.
        lessons: a file of further texts to learn from.
        taught: how many these are.
    """

    lab: Workshop
    cutter: Cutter
    bench: Bench
    chains: Sequence[Chain]
    time: Callable[..., float]
    limits: Sequence[Limit]
    uncut: Sequence[Candidate]
    lessons: str | None
    taught: int
    found: list[Candidate] = field(default_factory=list)
    _failed: set[Structure] = field(default_factory=set)  # cannot be trained, nor served in the first precision
    _rounds: dict[Structure, list[int]] = field(default_factory=dict)  # epochs of each that was trained
    _pace: list[float] = field(default_factory=list)  # seconds an epoch and a predicted millisecond
    _after: float = 0.0  # seconds that exporting and measuring took, at most

    @property
    def tried(self) -> int:
        """How many candidates were measured, and cuts given up: it stands still where no time is left."""
        return len(self.found) + len(self._failed)

    def run(self, batch: Sequence[Structure], epochs: int) -> None:
        """Train until the time is spent or none of the batch is worth more; `found` has every round's candidates."""
        alive, done, before = list(batch), [], dict.fromkeys(batch, math.inf)
        for number in range(ROUNDS):
            done.append(epochs * 2**number)
            trained = [s for s in alive if self._train(s, done) and not self._beyond_training(s)]
            missing = self.missing()
            alive = worth_more(trained, missing, before, self.time, self._fastest())
            before = missing
            if not alive:
                break

    def untrained(self, structures: Sequence[Structure]) -> None:
        """Measure cuts that keep the budgets of answers as they are, the fastest first, until one keeps all, served."""
        for s in sorted(structures, key=self.time):
            if points_over(self.bench.judged(self.cutter.screened(s, self.bench)), self.limits):
                continue
            self._serve(self.cutter.name(s), lambda s=s: self.cutter.cut(s), s, 0)  # type: ignore[misc]
            if any(c.structure == s for c in self._kept()):
                return

    def faster(self, structures: Sequence[Structure]) -> list[Structure]:
        """Those worth a first training: faster than all that keep every budget."""
        trained, fastest = {c.structure for c in self.found if c.epochs}, self._fastest()
        left = [s for s in structures if s not in trained | self._failed and self.time(s) < fastest]
        return [s for s in left if not self._beyond_training(s)]

    def polish(self, structure: Structure) -> None:
        """Train a cut further while there is time and that brings its answers nearer to those of the uncut model."""
        rounds = [] if structure in self._failed else self._rounds.get(structure, [])
        while rounds and len(rounds) < ROUNDS:
            before, rounds = self._divergence(structure), [*rounds, 2 * rounds[-1]]
            if not self._train(structure, rounds) or self._divergence(structure) >= (1 - GAIN) * before:
                return

    def _divergence(self, structure: Structure) -> float:
        """The least of any round of the cut as it is served."""
        return min(float(c.figures["divergence"]) for c in self.found if c.structure == structure and self._leads(c))

    def _leads(self, candidate: Candidate) -> bool:
        """Whether it is served in the precision by whose time structures are compared."""
        return candidate.chain.precision == self.chains[0].precision

    def _kept(self) -> list[Candidate]:
        """Those that keep every budget, in the precision of the first of the chains."""
        return [c for c in self._calibrated() if self._leads(c) and not misses(c, self.limits)]

    def _fastest(self) -> float:
        """Predicted milliseconds of the fastest that keeps every budget, as it does; infinite where none does."""
        return min((self.time(c.structure, c.chain.name) for c in self._kept()), default=math.inf)

    def _train(self, structure: Structure, rounds: Sequence[int]) -> bool:
        name, epochs, total = self._name(structure, rounds), rounds[-1], sum(rounds)
        if not self.lab.has(name) and not self._affords(structure, epochs):
            logger.info("no time is left to train %s for %d epochs", name, epochs)
            return False
        known = self.lab.takes(RECOVER)
        options = {key: value for key, value in training(epochs, self.lessons).items() if key in known}

        def trained() -> Model:
            before = partial(self._before, structure, rounds[:-1])
            return self.lab.passed(name, before, RECOVER, shared=RECOVER, **options)  # a teacher is asked once for all

        try:
            trained()
        except WorkbenchError as error:
            logger.warning("%s is left out: %s", name, error)
            self._failed.add(structure)
            return False
        self._rounds[structure] = list(rounds)
        self._pace.append(self.lab.took(name) / (epochs * self.time(structure)))
        self._serve(name, trained, structure, total)
        return structure not in self._failed

    def _serve(self, name: str, origin: Callable[[], Model], structure: Structure, epochs: int) -> None:
        """Measure a cut by the first chain, and by the others where that alone spoils it or cannot be had."""
        begun = self.lab.seconds
        more = {"structure": structure, "trimmed": bool(self.cutter.prefix), "epochs": epochs, "whole": False}
        leading, *others = self.chains
        found = measured_by([leading], name, origin, self.lab, self.bench, **more)
        if not found or (points_over(found[0].figures, self.limits) and self._keeps_them_unquantized(name, origin)):
            found += measured_by(others, name, origin, self.lab, self.bench, **more)
        self.found += found
        if not any(map(self._leads, found)):
            self._failed.add(structure)
        self._after = max(self._after, self.lab.seconds - begun)

    def _keeps_them_unquantized(self, name: str, trained: Callable[[], Model]) -> bool:
        """Whether the torch model's answers keep the budgets of answers."""
        answers = self.lab.noted(f"{name}-torch", lambda: self.bench.compared(self.bench.answers(trained())))
        return not points_over(self.bench.judged(answers), self.limits)

    def _calibrated(self) -> list[Candidate]:
        """What was found, with the times by which it will be chosen."""
        return calibrated([*self.uncut, *self.found])[len(self.uncut) :] if self.found else []

    def _beyond_training(self, structure: Structure) -> bool:
        """Whether it was served, and is too slow or too large however; where int8 leads, for nothing is smaller."""
        served = [c for c in self._calibrated() if c.structure == structure]
        smallest = self.chains[0].precision == "int8"
        return smallest and bool(served) and all(beyond_training(c.figures, self.limits) for c in served)

    def _before(self, structure: Structure, rounds: Sequence[int]) -> Model:
        return Model.load(self.lab.path(self._name(structure, rounds))) if rounds else self.cutter.cut(structure)

    def _name(self, structure: Structure, rounds: Sequence[int]) -> str:
        return f"{self.cutter.name(structure)}-e{'-'.join(map(str, rounds))}"

    def _affords(self, structure: Structure, epochs: int) -> bool:
        """Whether a training, and what is measured of it, will be over in time, as earlier ones tell.

        The first is judged by how long the cut took to answer rows without learning from them.
        """
        if self._pace:
            pace = max(self._pace[1:] or self._pace)  # the first one asks the teacher, too
            seconds = pace * epochs * self.time(structure)
        else:
            dataset = self.lab.context.dataset
            rows = epochs * ((len(dataset.split("train")) if dataset else 0) + self.taught)
            answered = self.cutter.screened(structure, self.bench)["rows"]
            seconds = STEP * rows * self.lab.noting(f"cut-{self.cutter.name(structure)}") / answered
        return self.lab.left > seconds + self._after

    def missing(self) -> dict[Structure, float]:
        """Points by which the answers of each trained structure are beyond their budgets: in its best round, in the
        precision of the first of the chains.
        """
        missing: dict[Structure, float] = {}
        for c in self.found:
            if c.structure is not None and self._leads(c):
                missing[c.structure] = min(points_over(c.figures, self.limits), missing.get(c.structure, math.inf))
        return missing


def training(epochs: int, extra: str | None = None) -> dict[str, Any]:
    """Options of the pass `recover` for a round: all its epochs, and in bfloat16 where the CPU is made for it."""
    return {"epochs": epochs, "patience": None, "bf16": multiplies_bfloat16(), "extra": extra}


def worth_more(
    trained: Sequence[Structure],
    missing: Mapping[Structure, float],
    before: Mapping[Structure, float],
    time: Callable[[Structure], float],
    fastest: float,
) -> list[Structure]:
    """Of those beyond a budget of answers and faster than all that keep the budgets, the better half, best first.

    One whose last round, of twice the epochs, won back less than a quarter of what is missing is given up.

    Args:
        trained: in the last round.
        missing: points by which each structure's answers are beyond their budgets, also those of earlier rounds.
        before: the same before the last round; infinite before the first.
        time: predicted milliseconds.
        fastest: predicted milliseconds of the fastest structure that keeps every budget.
    """
    left = [s for s in trained if missing[s] > 0 and time(s) < fastest and before[s] - missing[s] >= HOPE * missing[s]]
    return sorted(left, key=lambda s: (missing[s], s))[: math.ceil(len(left) / 2)]
