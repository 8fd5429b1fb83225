"""Choose the chains that serve pruned models, by the figures of each chain on the unpruned model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from workbench_compress.candidates.candidate import Candidate
from workbench_compress.candidates.limits import Limit, points_over
from workbench_compress.space.architecture import Architecture
from workbench_compress.space.chain import Chain
from workbench_compress.space.latency import LatencyTable


def fastest_chains(unpruned: Sequence[Candidate], limits: Sequence[Limit]) -> dict[str, Chain]:
    """For each precision the chain that took the least time beside the yardstick, of those with good predictions."""

    def order(c: Candidate) -> tuple[bool, float]:
        return bool(points_over(c.figures, limits)), c.figures.mean_ms / c.figures.yardstick_ms

    return {c.chain.precision: c.chain for c in sorted(unpruned, key=order, reverse=True)}


def worth_serving(unpruned: Sequence[Candidate], limits: Sequence[Limit]) -> set[str]:
    """Names of the chains that may serve pruned models: by estimate they keep the unpruned model's predictions."""

    def spoils(c: Candidate) -> bool:
        loss = c.figures.accuracy_loss
        estimate = dataclasses.replace(c.figures, accuracy_loss=dataclasses.replace(loss, bound=loss.points))
        return points_over(estimate, limits) > 0

    return {c.chain.name for c in unpruned if c.chain.bits > 16 or not spoils(c)}


def ways_to_serve(
    table: LatencyTable,
    architectures: Sequence[Architecture],
    served: Mapping[str, Chain],
    worth: set[str],
    chains: Mapping[str, Chain],
) -> list[Chain]:
    """The fastest chain; and for models that it alone spoils the next quantizing one, then one of each other precision.

    Args:
        table: knows what each of `served` takes.
        architectures: over which chains are compared.
        served: name -> chain.
        worth: names of those that keep the predictions of the unpruned model.
        chains: precision -> its fastest chain.
    """

    def fastest(names: set[str]) -> Chain:
        total = {name: sum(table.predict(a, name)[0] for a in architectures) for name in served if name in names}
        return served[min(total, key=lambda name: total[name])]

    leading = fastest(worth)
    others = {name for name, chain in served.items() if chain.quantized and name in worth} - {leading.name}
    following = [fastest(others)] if others else []
    following += [chain for chain in chains.values() if chain.precision != leading.precision]
    return list(dict.fromkeys([leading, *following]))
