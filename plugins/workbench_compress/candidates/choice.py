"""The choice: the fastest candidate that keeps every budget, or a refusal that names the nearest misses."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from workbench.api import GateRefused
from workbench_compress.candidates.candidate import Candidate
from workbench_compress.candidates.limits import Limit, points_over

NEAREST = 3
logger = logging.getLogger(__name__)


def choose(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> Candidate | None:
    """Choose the candidate with the least mean time among those that keep every budget and are batch-invariant.

    Of equally fast ones the smaller is taken. Of those that differ in training alone, the one that diverges least from
    the baseline model is taken: their accuracies differ by few dev rows, and would choose by luck. With budgets of
    predictions alone, the unpruned float32 model stands for the baseline model and is taken where nothing else keeps
    them. With other budgets the result is None where no candidate keeps them all.
    """
    kept = [c for c in candidates if not misses(c, limits)]
    if not kept and all(limit.predictions for limit in limits):
        kept = sorted((c for c in candidates if c.unchanged), key=lambda c: points_over(c.figures, limits))[:1]
    if not kept:
        return None
    fastest = min(kept, key=lambda c: (round(c.figures.mean_ms, 3), c.figures.bytes, c.name))
    alike = [c for c in kept if c.computation == fastest.computation]
    return min(alike, key=lambda c: (c.figures.divergence, c.name))


def announce(best: Candidate, candidates: Sequence[Candidate], limits: Sequence[Limit]) -> None:
    """Warn where the chosen candidate breaks a budget, and say why it is not quantized."""
    if broken := misses(best, limits):
        logger.warning("NOTHING keeps every budget, not even unpruned float32, which is taken: %s", broken)
    quantized = [c for c in candidates if c.chain.quantized]
    if best.chain.quantized or not quantized:
        return
    (nearest, *_) = nearest_of(quantized, limits)
    broken = misses(nearest, limits)
    why = (
        f"no quantized candidate keeps every budget; the nearest, {nearest.name}, has {broken}"
        if broken
        else f"it is faster here than {nearest.name}"
    )
    logger.warning("NOT QUANTIZED: the bundle is %s, in %s: %s", best.name, best.chain.precision, why)


def nearest_of(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> list[Candidate]:
    """Sort the candidates by the shares of the budgets that they exceed; those that are not batch-invariant go last."""

    def order(c: Candidate) -> tuple[bool, float, float, str]:
        over = sum(limit.excess(c.figures) for limit in limits)
        return (not c.figures.batch_invariant, over, c.figures.mean_ms, c.name)

    return sorted(candidates, key=order)


def misses(candidate: Candidate, limits: Sequence[Limit]) -> str:
    """Name the budgets that a candidate breaks, and whether other texts change its predictions; empty when neither."""
    figures = candidate.figures
    broken = [
        f"{limit.name} {limit.value(figures):.4g} {limit.unit}, budget {limit.most:g}"
        for limit in limits
        if limit.over(figures)
    ]
    if not figures.batch_invariant:
        broken.append(
            f"{figures.labels_changed_by_batch} labels that change beside other texts (scores by up to "
            f"{figures.score_changed_by_batch:.2g})"
        )
    return " and ".join(broken)


def refusal(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> GateRefused:
    """Make the error that names the nearest misses."""
    listed = "; ".join(f"{c.name}: {misses(c, limits)}" for c in nearest_of(candidates, limits)[:NEAREST])
    return GateRefused(
        f"none of {len(candidates)} measured candidates keeps every budget. Nearest: {listed}",
        where="the pass search",
        remedy="Allow more of what they break, or give the search more minutes and candidates to recover",
    )
