"""The executor: carries out what the policy decides, and notes in the state what came of it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from workbench.api import Model, WorkbenchError
from workbench_compress.candidates.candidate import Candidate, Version
from workbench_compress.candidates.figures import Deviation, Figures
from workbench_compress.lab.bench import Bench
from workbench_compress.lab.latency_bench import LatencyBench, applied
from workbench_compress.lab.models import Models
from workbench_compress.policy import actions
from workbench_compress.policy.conditions import askable, table_name
from workbench_compress.policy.state import Screening, State, Trained
from workbench_compress.space.chain import Chain, yardsticks

Made = TypeVar("Made")
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SearchExecutor:
    """Carries out actions.

    Args:
        models: makes the torch models.
        bench: measures.
    """

    models: Models
    bench: Bench

    def carry_out(self, action: actions.Action, state: State) -> State:
        """Give the state after an action."""
        after = self._after(action, state)
        return dataclasses.replace(after, left=self.models.lab.left, made=self.made(after))

    def made(self, state: State) -> frozenset[str]:
        """Names of the steps that this search may ask for and that cost no time again.

        What another search made with other options has the same name, and is made again.
        """
        lab, table = self.models.lab, table_name(state)
        finished = lab.finished()
        known = {name: version for version in askable(state) if (name := self._name(version)) in finished}
        names = {name for name, version in known.items() if name in state.made or self.models.is_finished(version)}
        return frozenset(names | {table} if lab.has_note(table) else names)

    def _after(self, action: actions.Action, state: State) -> State:
        match action:
            case actions.Serve(version, chain):
                return self._serve(version, chain, state)
            case actions.Trim(version):
                return self._trim(version, state)
            case actions.MeasureLatency():
                return self._measure_latency(state)
            case actions.Prune(architecture):
                return self._prune(state.version(architecture), state)
            case actions.Train(version):
                return self._train(version, state)
            case actions.Compare(version):
                begun = self.models.lab.seconds
                found = self._deviation(f"predictions-{self._name(version)}", lambda: self._compare(version))
                state = dataclasses.replace(state, deviations={**state.deviations, version: found})
                return self._timed(version, begun, state)
            case actions.Plan(architectures):
                return dataclasses.replace(state, plan=architectures)
            case actions.Round(architectures, epochs):
                new = architectures if len(epochs) == 1 else ()
                return dataclasses.replace(state, round=action, promising=(*state.promising, *new))
            case actions.Settle():
                return dataclasses.replace(state, settled=action)
            case actions.Stop():
                return state

    def _serve(self, version: Version, chain: Chain, state: State) -> State:
        lab = self.models.lab
        state = self._with_yardstick(state)
        first, begun = chain == state.setup.chains[0] and version == state.baseline, lab.seconds
        name = f"{self._name(version)}-{chain.name}"
        found = self._attempt(name, lambda: self._candidate(name, version, chain), required=first)
        state = self._timed(version, begun, state)
        if found is None:
            return dataclasses.replace(state, failed=state.failed | {(version, chain)})
        return dataclasses.replace(state, candidates=(*state.candidates, found))

    def _timed(self, version: Version, begun: float, state: State) -> State:
        """Add what was spent since the lab's seconds were `begun` to what serving the version took."""
        taken = state.serving_seconds.get(version, 0.0) + self.models.lab.seconds - begun
        return dataclasses.replace(state, serving_seconds={**state.serving_seconds, version: taken})

    def _candidate(self, name: str, version: Version, chain: Chain) -> Candidate:
        """Serve and measure; a model whose predictions depend on the batch is served with batch size 1."""
        source = partial(self.models.model, version)
        model = applied(self.models.lab, chain, self._name(version), source)
        figures = self._figures(f"figures-{name}", model, source)
        if not figures.batch_invariant and model.rows_per_call != 1:
            model = dataclasses.replace(model, rows_per_call=1)
            figures = self._figures(f"figures-{name}-alone", model, source)
        candidate = Candidate(name, version, chain, model, figures)
        loss = figures.accuracy_loss
        if candidate.unchanged and loss.points <= 0:  # nothing is pruned or rounded, and no prediction is worse
            figures = dataclasses.replace(figures, accuracy_loss=dataclasses.replace(loss, bound=0.0))
        return dataclasses.replace(candidate, figures=figures)

    def _figures(self, note: str, model: Model, source: Callable[[], Model]) -> Figures:
        found = self.models.lab.noted(note, lambda: self.bench.figures(model, source()).to_note())
        figures: Figures = Figures.from_note(found, self.bench.confidence)
        return figures

    def _with_yardstick(self, state: State) -> State:
        """Give the bench the first yardstick that can be made; the last one is the plain export, which has to be."""
        if self.bench.yardstick is not None:
            return state
        lab, name = self.models.lab, self._name(state.baseline)
        preferred = yardsticks(state.setup.chains, lab.context.host.registry("passes"))
        for chain in preferred:
            try:
                self.bench.yardstick = applied(lab, chain, name, partial(self.models.model, state.baseline))
            except WorkbenchError:
                if chain == preferred[-1]:
                    raise
            else:
                return dataclasses.replace(state, yardstick=chain)
        raise AssertionError("the plain chain either is made or raises")

    def _trim(self, version: Version, state: State) -> State:
        required = state.setup.options.vocabulary == "trim"
        if self._attempt("a smaller vocabulary", lambda: self.models.model(version), required=required) is None:
            return dataclasses.replace(state, failed=state.failed | {(version, None)})
        return dataclasses.replace(state, trimmed=version)

    def _measure_latency(self, state: State) -> State:
        lab, base = self.models.lab, self.models.model(state.base)

        def serve(architecture: Any, chain: Chain) -> Model:
            version = state.version(architecture)
            return applied(lab, chain, self._name(version), partial(self.models.model, version))

        bench = LatencyBench(lab, state.setup.space, state.served_chains, serve)
        table = bench.measure(table_name(state), base, self.bench.data.texts)
        return dataclasses.replace(state, table=table)

    def _prune(self, version: Version, state: State) -> State:
        name = self._name(version)
        note = f"screening-{name}"
        found = self._attempt(name, lambda: self._deviation(note, lambda: self._screen(version)))
        if found is None:
            return dataclasses.replace(state, failed=state.failed | {(version, None)})
        screening = Screening(found, self.models.lab.took(note) / self.bench.screened_rows)
        return dataclasses.replace(state, screenings={**state.screenings, version.architecture: screening})

    def _train(self, version: Version, state: State) -> State:
        name = self._name(version)
        if self._attempt(name, lambda: self.models.model(version)) is None:
            return dataclasses.replace(state, failed=state.failed | {(version, None)})
        trained = Trained(version, self.models.lab.took(name))
        return dataclasses.replace(state, trainings=(*state.trainings, trained))

    def _screen(self, version: Version) -> Deviation:
        return self.bench.screening(self.models.model(version))

    def _compare(self, version: Version) -> Deviation:
        return self.bench.deviation(self.bench.predictions(self.models.model(version)))

    def _deviation(self, note: str, find: Callable[[], Deviation]) -> Deviation:
        found = self.models.lab.noted(note, lambda: find().to_note())
        deviation: Deviation = Deviation.from_note(found, self.bench.confidence)
        return deviation

    def _attempt(self, name: str, make: Callable[[], Made], *, required: bool = False) -> Made | None:
        """What `make` gives; None, with a warning, where it cannot be made."""
        try:
            return make()
        except WorkbenchError as error:
            if required:
                raise
            logger.warning("%s is left out: %s", name, error)
            return None

    def _name(self, version: Version) -> str:
        return version.name(self.models.space)
