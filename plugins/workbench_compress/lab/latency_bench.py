"""Measure the latency table: small random networks by length, and pruned models where no network stands for them."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.api import Host, Model, Predictor, WorkbenchError
from workbench.api.io import read_json
from workbench.api.quality import evenly
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.bench import served_bytes
from workbench_compress.lab.models import Models, export
from workbench_compress.lab.random_network import WORD, write_random
from workbench_compress.space.chain import Chain
from workbench_compress.space.latency import Cost, LatencyTable, networks_of

LENGTHS = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
ROUNDS, WARM = 7, 3
TEXTS = 32  # on which whole models are timed
Served = dict[str, dict[str, Model]]  # chain -> network or pruned model -> what the chain makes of it
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LatencyBench:
    """Measures the table of a model.

    Args:
        models: of the search, with its space.
        chains: how candidates are made.
    """

    models: Models
    chains: Sequence[Chain]

    def measure(self, base: Version, texts: Sequence[str]) -> LatencyTable:
        """Measure the table, or read it from its note.

        Args:
            base: the model that is pruned; its tokenizer, intents and configuration count.
            texts: whose lengths are the mix.

        Raises:
            WorkbenchError: no chain can serve the networks.
        """
        model, space, host = self.models.model(base), self.models.space, self.models.lab.context.host
        mix = tuple(len(ids) for ids in model.encode(texts))
        lengths = covering(max(mix), int(np.quantile(mix, 0.99)))
        networks = self._networks(model)
        models = {chain.name: self._pruned_models(base, chain) for chain in self.chains if chain.name in networks}

        def find() -> dict[str, Any]:
            return {
                "lengths": lengths,
                "networks": costs(networks, [" ".join([WORD] * length) for length in lengths], host),
                "models": costs(models, evenly(texts, TEXTS), host),
                "tokenizing_ms": tokenizing_ms(model, host, texts),
            }

        found = self.models.lab.noted(f"latency-table-{base.name(space)}", find)
        measured = {
            kind: {chain: {name: Cost(**cost) for name, cost in each.items()} for chain, each in found[kind].items()}
            for kind in ("networks", "models")
        }
        return LatencyTable(space, tuple(found["lengths"]), **measured, mix=mix, tokenizing=found["tokenizing_ms"])

    def _networks(self, model: Model) -> Served:
        """The random networks by each chain; a chain that cannot make them is left out."""
        lab, found = self.models.lab, Served()
        configs = networks_of(self.models.space, read_json(model.path / "config.json"))
        for chain in self.chains:
            try:
                found[chain.name] = {
                    name: export(lab, chain, f"network-{name}", self._network(model, name, config))
                    for name, config in configs.items()
                }
            except WorkbenchError as error:
                logger.warning("%s serves no pruned model: %s", chain.name, error)
        if self.chains and not found:
            raise WorkbenchError("no chain of passes serves a small network", where=model.path)
        return found

    def _network(self, model: Model, name: str, config: Mapping[str, Any]) -> Model:
        lab = self.models.lab
        return lab.made(f"network-{name}", lambda out, context: write_random(out, model, config, context.seed))

    def _pruned_models(self, base: Version, chain: Chain) -> dict[str, Model]:
        """The model itself, and each one that is pruned in a dimension without networks."""
        space, found = self.models.space, {}
        singles = {
            space.name(single := space.only(place, level)): single
            for place, dimension in enumerate(space.dimensions)
            for level in range(1, len(dimension.values))
            if not dimension.resize
        }
        for name, architecture in {"full": space.full, **singles}.items() if singles else ():
            try:
                found[name] = self.models.served(dataclasses.replace(base, architecture=architecture), chain)
            except WorkbenchError as error:
                logger.warning("%s is not timed by %s: %s", name, chain.name, error)
        return found


def costs(served: Served, texts: Sequence[str], host: Host) -> dict[str, dict[str, dict[str, Any]]]:
    """What each model costs for each of the texts, and its bytes."""
    models = {(chain, name): model for chain, each in served.items() for name, model in each.items()}
    least = least_times({key: host.open_predictor(model) for key, model in models.items()}, texts)
    return {
        chain: {name: {"ms": least[chain, name], "bytes": served_bytes(model, host)} for name, model in each.items()}
        for chain, each in served.items()
    }


def covering(longest: int, usual: int) -> tuple[int, ...]:
    """Lengths from the shortest to the first that holds nearly all texts, and the longest text's."""
    return tuple(sorted({*(n for n in LENGTHS if n < usual), usual, longest}))


def least_times(predictors: Mapping[Any, Predictor], texts: Sequence[str]) -> dict[Any, list[float]]:
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
