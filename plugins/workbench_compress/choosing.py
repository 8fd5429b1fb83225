"""The choice: the fastest candidate that keeps every budget, or a refusal that names the nearest misses."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from workbench.api import GateRefused
from workbench_compress.candidate import ANSWERS, Candidate, Limit, points_over

NEAREST = 3
logger = logging.getLogger(__name__)


def choose(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> Candidate | None:
    """The candidate with the least mean time for a text among those that keep every budget and answer it steadily.

    Of equally fast ones the smaller is taken. Of those that differ in training alone it is the one nearest to the
    uncompressed model's answers: their accuracies differ by few dev rows, and would choose by luck. With budgets of
    answers alone, the uncut float32 model stands for what was given and is taken where nothing else keeps them. With
    others None is the answer where none keeps them all.
    """
    kept = [c for c in candidates if not misses(c, limits)]
    if not kept and all(limit.name in ANSWERS for limit in limits):
        kept = sorted((c for c in candidates if c.exact), key=lambda c: points_over(c.figures, limits))[:1]
    if not kept:
        return None
    fastest = min(kept, key=lambda c: (round(c.figures["mean_ms"], 3), c.figures["bytes"], c.name))
    alike = [c for c in kept if c.computation == fastest.computation]
    return min(alike, key=lambda c: (c.figures["divergence"], c.name))


def announce(best: Candidate, candidates: Sequence[Candidate], limits: Sequence[Limit]) -> None:
    """Say aloud where the chosen one breaks a budget, and why it is not quantized."""
    if broken := misses(best, limits):
        logger.warning("NOTHING keeps every budget, not even float32 with nothing cut, which is taken: %s", broken)
    if best.chain.precision == "int8" or not any(c.chain.precision == "int8" for c in candidates):
        return
    (nearest, *_) = nearest_of([c for c in candidates if c.chain.precision == "int8"], limits)
    broken = misses(nearest, limits)
    why = (
        f"no int8 candidate keeps every budget; the nearest, {nearest.name}, has {broken}"
        if broken
        else (f"it is faster here than {nearest.name}")
    )
    logger.warning("NOT QUANTIZED: the bundle is %s, in %s: %s", best.name, best.chain.precision, why)


def nearest_of(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> list[Candidate]:
    """The candidates, those first that break budgets by the least share of them; unsteady ones are last."""
    return sorted(
        candidates,
        key=lambda c: (not c.steady, sum(limit.excess(c.figures) for limit in limits), c.figures["mean_ms"], c.name),
    )


def misses(candidate: Candidate, limits: Sequence[Limit]) -> str:
    """The budgets that a candidate breaks, and whether other texts change its answers, in words; empty when neither."""
    broken = [
        f"{limit.name} {limit.value(candidate.figures):.4g} {limit.unit}, budget {limit.most:g}"
        for limit in limits
        if limit.over(candidate.figures)
    ]
    if not candidate.steady:
        changed, score = (candidate.figures[f"{what}_changed_by_company"] for what in ("labels", "score"))
        broken.append(f"{changed} labels that change when other texts are asked beside (scores by up to {score:.2g})")
    return " and ".join(broken)


def refusal(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> GateRefused:
    """The error that names the nearest misses."""
    listed = "; ".join(f"{c.name}: {misses(c, limits)}" for c in nearest_of(candidates, limits)[:NEAREST])
    return GateRefused(
        f"none of {len(candidates)} measured candidates keeps every budget. Nearest: {listed}",
        where="the pass search",
        remedy="Allow more of what they break, or give the search more minutes and candidates to recover",
    )
