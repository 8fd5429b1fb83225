"""By which chains models are served: judged by what each chain did to the unpruned model."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from workbench_compress.candidates.candidate import Candidate
from workbench_compress.candidates.limits import Limit, points_over
from workbench_compress.space.chain import Chain


def by_speed(unpruned: Sequence[Candidate], limits: Sequence[Limit]) -> list[Chain]:
    """The chains that by estimate keep the unpruned model's predictions, the fastest beside the yardstick first."""
    good = [c for c in unpruned if c.chain.bits > 16 or not spoils(c, limits)]
    return [c.chain for c in sorted(good, key=lambda c: c.figures.mean_ms / c.figures.yardstick_ms)]


def spoils(candidate: Candidate, limits: Sequence[Limit]) -> bool:
    """Whether a candidate by estimate is beyond a budget of predictions, without regard to the confidence."""
    loss = candidate.figures.accuracy_loss
    estimate = dataclasses.replace(loss, bound=loss.points)
    return points_over(dataclasses.replace(candidate.figures, accuracy_loss=estimate), limits) > 0


def fastest_of_each_precision(chains: Sequence[Chain]) -> list[Chain]:
    """The first chain of each precision."""
    return [chain for n, chain in enumerate(chains) if all(chain.precision != other.precision for other in chains[:n])]


def ways_to_serve(chains: Sequence[Chain], timed: Collection[str]) -> list[Chain]:
    """The fastest chain; and for models that it alone spoils the next quantizing one, then one of each other precision.

    Args:
        chains: the fastest first.
        timed: names of those whose times can be predicted; one of these leads.
    """
    leading = next(chain for chain in chains if chain.name in timed and not chain.for_size)
    following = [chain for chain in chains if chain.quantized and chain != leading][:1]
    following += [chain for chain in fastest_of_each_precision(chains) if chain.precision != leading.precision]
    return list(dict.fromkeys([leading, *following]))
