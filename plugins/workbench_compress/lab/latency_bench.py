"""Measure the latency table: small random networks by length, and pruned models where no network stands for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.api import Host, Model, WorkbenchError
from workbench.api.io import read_json
from workbench.api.quality import evenly
from workbench_compress.lab.bench import served_bytes
from workbench_compress.lab.random_network import WORD, write_random
from workbench_compress.lab.workshop import Workshop
from workbench_compress.space.architecture import Architecture, Space
from workbench_compress.space.chain import Chain
from workbench_compress.space.latency import Cost, LatencyTable, networks_of

LENGTHS = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
ROUNDS, WARM = 7, 3
TEXTS = 32  # on which whole models are timed
Notes = dict[str, dict[str, Any]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LatencyBench:
    """Measures the table of a model.

    Args:
        lab: keeps networks and times.
        space: what can be pruned of the model.
        chains: name -> how candidates are made.
        serve: gives what a chain makes of an architecture.
    """

    lab: Workshop
    space: Space
    chains: Mapping[str, Chain]
    serve: Callable[[Architecture, Chain], Model]

    def measure(self, name: str, model: Model, texts: Sequence[str]) -> LatencyTable:
        """Measure the table, or read it from its note.

        Args:
            name: of the note.
            model: whose tokenizer, intents and configuration count.
            texts: whose lengths are the mix.
        """
        mix = tuple(len(ids) for ids in model.encode(texts))
        lengths = covering(max(mix), int(np.quantile(mix, 0.99)))
        found = self.lab.noted(
            name,
            lambda: {"lengths": lengths, "networks": self._networks(model, lengths), "models": self._models(texts)},
        )
        tokenizing = self.lab.noted(f"{name}-tokenizing", lambda: tokenizing_ms(model, self.lab.context.host, texts))
        networks, models = (costs(found[key]) for key in ("networks", "models"))
        return LatencyTable(self.space, tuple(found["lengths"]), networks, models, mix, tokenizing)

    def _networks(self, model: Model, lengths: Sequence[int]) -> Notes:
        """Costs of the random networks by each chain; a chain that cannot make them is left out."""
        configs = networks_of(self.space, read_json(model.path / "config.json")) if self.space.dimensions else {}
        host, names = self.lab.context.host, []
        served: dict[tuple[str, str], Model] = {}
        for name, chain in self.chains.items():
            try:
                served |= {(name, each): self._network(model, each, config, chain) for each, config in configs.items()}
                names.append(name)
            except WorkbenchError as error:
                logger.warning("%s serves no pruned model: %s", name, error)
        predictors = {key: host.open_predictor(each) for key, each in served.items()}
        least = least_times(predictors, [" ".join([WORD] * length) for length in lengths])
        return {
            name: {each: {"ms": least[name, each], "bytes": served_bytes(served[name, each], host)} for each in configs}
            for name in names
        }

    def _network(self, model: Model, network: str, config: Mapping[str, Any], chain: Chain) -> Model:
        seed = self.lab.context.seed
        return applied(
            self.lab,
            chain,
            f"network-{network}",
            lambda: self.lab.made(f"network-{network}", lambda out, _: write_random(out, model, config, seed)),
        )

    def _models(self, texts: Sequence[str]) -> Notes:
        """Costs of the model itself and of each one that is pruned in a dimension without networks."""
        space, host = self.space, self.lab.context.host
        singles = [
            space.only(place, level)
            for place, dimension in enumerate(space.dimensions)
            for level in range(1, len(dimension.values))
            if not dimension.resize
        ]
        found: Notes = {}
        for name, chain in self.chains.items():
            served = {"full": space.full, **{space.name(single): single for single in singles}} if singles else {}
            models = {key: model for key, a in served.items() if (model := self._served(a, chain))}
            predictors = {key: host.open_predictor(model) for key, model in models.items()}
            least = least_times(predictors, evenly(texts, TEXTS))
            found[name] = {
                key: {"ms": [float(np.mean(least[key]))], "bytes": served_bytes(model, host)}
                for key, model in models.items()
            }
        return found

    def _served(self, architecture: Architecture, chain: Chain) -> Model | None:
        try:
            return self.serve(architecture, chain)
        except WorkbenchError as error:
            logger.warning("%s is not timed by %s: %s", self.space.name(architecture), chain.name, error)
            return None


def applied(lab: Workshop, chain: Chain, name: str, source: Callable[[], Model]) -> Model:
    """What a chain makes of a torch model of that name; chains share their first steps.

    Raises:
        WorkbenchError: as the passes do.
    """
    for step, link in chain.steps(name):
        source = _step(lab, step, source, link.using, dict(link.options))
    return source()


def _step(
    lab: Workshop, name: str, source: Callable[[], Model], using: str, options: Mapping[str, Any]
) -> Callable[[], Model]:
    return lambda: lab.passed(name, source, using, **options)


def costs(notes: Notes) -> dict[str, dict[str, Cost]]:
    """The costs that were noted."""
    return {
        chain: {name: Cost(tuple(cost["ms"]), cost["bytes"]) for name, cost in found.items()}
        for chain, found in notes.items()
    }


def covering(longest: int, usual: int) -> tuple[int, ...]:
    """Lengths from the shortest to the first that holds nearly all texts, and the longest text's."""
    return tuple(sorted({*(n for n in LENGTHS if n < usual), usual, longest}))


def least_times(predictors: Mapping[Any, Any], texts: Sequence[str]) -> dict[Any, list[float]]:
    """Least milliseconds of each predictor for each text; in turn, so that all meet the same machine.

    At its turn a predictor is asked a few times, so that its weights are in the cache, as they are when it is served
    alone.
    """
    least = {key: [float("inf")] * len(texts) for key in predictors}
    for _ in range(ROUNDS):
        for place, text in enumerate(texts):
            for key, predictor in predictors.items():
                for _ in range(WARM):
                    begun = time.perf_counter()
                    predictor.logits([text])
                    least[key][place] = min(least[key][place], 1000 * (time.perf_counter() - begun))
    return least


def tokenizing_ms(model: Model, host: Host, texts: Sequence[str]) -> float:
    """Milliseconds that normalizing and tokenizing take for a text."""
    normalize = host.normalizer(model.normalization)
    begun = time.perf_counter()
    for text in texts:
        model.encode([normalize(text)])
    return 1000 * (time.perf_counter() - begun) / len(texts)
