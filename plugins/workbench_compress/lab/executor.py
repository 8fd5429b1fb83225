"""The executor: carries out what the policy decides, and notes in the state what came of it."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import asdict

from workbench.api import Model, WorkbenchError
from workbench_compress.candidates.candidate import Candidate, Version
from workbench_compress.candidates.figures import Deviation, Figures
from workbench_compress.lab.bench import Bench
from workbench_compress.lab.latency_bench import LatencyBench
from workbench_compress.lab.models import Models
from workbench_compress.policy.actions import Action, MeasureLatency, Prune, Round, Serve, Stop, Train, Trim
from workbench_compress.policy.state import Screening, State
from workbench_compress.space.architecture import Space
from workbench_compress.space.chain import FLOAT, Chain

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SearchExecutor:
    """Carries out actions.

    Args:
        models: makes the models.
        bench: measures.
    """

    models: Models
    bench: Bench

    def carry_out(self, action: Action, state: State) -> State:
        """Give the state after an action; what cannot be made is left out with a warning.

        Raises:
            WorkbenchError: an action failed that the search or the user cannot do without.
        """
        try:
            after = self._after(action, state)
        except WorkbenchError as error:
            if required(action, state):
                raise
            logger.warning("%s is left out: %s", title(action, state.setup.space), error)
            after = dataclasses.replace(state, failed=state.failed | {action})
        return dataclasses.replace(after, left=self.models.lab.left)

    def _after(self, action: Action, state: State) -> State:
        begun = self.models.lab.seconds
        match action:
            case Serve(version, chain):
                candidate = self._candidate(version, chain)
                candidate = dataclasses.replace(candidate, seconds=self.models.lab.seconds - begun)
                return dataclasses.replace(state, candidates=(*state.candidates, candidate))
            case Trim(version):
                self.models.model(version)
                return dataclasses.replace(state, trimmed=version)
            case MeasureLatency():
                bench = LatencyBench(self.models, [c.chain for c in state.unpruned])
                return dataclasses.replace(state, table=bench.measure(state.base, self.bench.data.texts))
            case Prune(version):
                screening = self._screening(version)
                return dataclasses.replace(state, screenings={**state.screenings, version.architecture: screening})
            case Train(version):
                self.models.model(version)
                seconds = self.models.lab.seconds - begun
                return dataclasses.replace(state, trainings={**state.trainings, version: seconds})
            case Round():
                return dataclasses.replace(state, rounds=(*state.rounds, action))
            case Stop():
                return state

    def _candidate(self, version: Version, chain: Chain) -> Candidate:
        """Serve and measure; a model whose predictions depend on the batch is served with batch size 1.

        The first model that is served is the yardstick.
        """
        name = f"{version.name(self.models.space)}-{chain.name}"
        source, model = self.models.model(version), self.models.served(version, chain)
        self.bench.yardstick = self.bench.yardstick or model
        figures = self._figures(f"figures-{name}", model, source)
        if not figures.batch_invariant and model.rows_per_call != 1:
            model = dataclasses.replace(model, rows_per_call=1)
            figures = self._figures(f"figures-{name}-alone", model, source)
        candidate = Candidate(name, version, chain, model, figures)
        loss = figures.accuracy_loss
        if candidate.unchanged and loss.points <= 0:  # nothing is pruned or rounded, and no prediction is worse
            figures = dataclasses.replace(figures, accuracy_loss=dataclasses.replace(loss, bound=0.0))
        return dataclasses.replace(candidate, figures=figures)

    def _figures(self, note: str, model: Model, source: Model) -> Figures:
        found = self.models.lab.noted(note, lambda: asdict(self.bench.figures(model, source)))
        return Figures.from_note(found, self.bench.confidence)

    def _screening(self, version: Version) -> Screening:
        model, lab = self.models.model(version), self.models.lab
        begun = lab.seconds
        found = lab.noted(f"screening-{version.name(self.models.space)}", lambda: asdict(self.bench.screening(model)))
        return Screening(
            Deviation.from_note(found, self.bench.confidence), (lab.seconds - begun) / self.bench.screened_rows
        )


def required(action: Action, state: State) -> bool:
    """Whether the search cannot do without an action: the plain export, or a trimming that the user asks for."""
    match action:
        case Serve(version, chain):
            usual = next(chain for chain in state.setup.chains if chain.plain and chain.precision == FLOAT)
            return (version, chain) == (state.baseline, usual)
        case Trim():
            return state.setup.options.vocabulary == "trim"
    return False


def title(action: Action, space: Space) -> str:
    """What an action makes, for people."""
    match action:
        case Serve(version, chain):
            return f"{version.name(space)}-{chain.name}"
        case Prune(version) | Train(version):
            return version.name(space)
        case Trim():
            return "a smaller vocabulary"
    return "pruning"
