"""Searches without models: states, candidates and an executor whose outcomes a test makes up.

The space has one dimension: 9 layers, or 6, 4 or 2. A layer takes a millisecond by the chain STATIC, two by DYNAMIC and
four by FLOAT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench.nouns.model import Model
from workbench_compress import SearchOptions
from workbench_compress.candidates.accuracy_loss import AccuracyLoss, Pairs
from workbench_compress.candidates.candidate import Candidate, Version
from workbench_compress.candidates.figures import Deviation, Figures
from workbench_compress.candidates.limits import limits_of
from workbench_compress.policy import actions
from workbench_compress.policy.actions import Action, Stop
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import Screening, Setup, State, Trained
from workbench_compress.space.architecture import Architecture, Dimension, Space
from workbench_compress.space.chain import Chain, Link
from workbench_compress.space.latency import Cost, LatencyTable

SPACE = Space((Dimension("drop", "layers", (9, 6, 4, 2)),))
FULL, LARGE, MIDDLE, SMALL = (Architecture((level,)) for level in range(4))
LAYERS = {FULL: 9, LARGE: 6, MIDDLE: 4, SMALL: 2}
FLOAT = Chain("fp32", (Link("export"),))
DYNAMIC = Chain("q", (Link("export"), Link("q")), "q", 8)
STATIC = Chain("fuse-q-static", (Link("export"), Link("fuse"), Link("q", (("mode", "static"),))), "q", 8, plain=False)
HALF = Chain("half", (Link("export"), Link("half")), "half", 16)
SLOWNESS = {STATIC: 1.0, DYNAMIC: 2.0, FLOAT: 4.0}
GIVEN = SearchOptions(max_drop=0.5, max_churn=2.0, max_size_mb=10.0, max_latency_ms=2.0, max_memory_mb=100.0)
LOOSE = SearchOptions(max_drop=0.5)


def loss(points: float) -> AccuracyLoss:
    """So many points, for certain."""
    return AccuracyLoss(points, points, points, points, 1.0)


def deviation(points: float = 0.0, divergence: float = 0.0, disagreement: float = 0.0) -> Deviation:
    return Deviation(loss(points), Pairs(100, 0, 0), disagreement, divergence)


def figures(points: float = 0.0, **other: Any) -> Figures:
    """Those of a model that keeps every budget of GIVEN, unless they say otherwise."""
    usual: dict[str, Any] = {
        "accuracy_loss": loss(points),
        "pairs": Pairs(100, 0, 0),
        "disagreement": 0.0,
        "divergence": 0.0,
        "accuracy": 0.9,
        "export_disagreement": 0.0,
        "export_logit_difference": 0.0,
        "bytes": 5_000_000,
        "memory_bytes": 90_000_000,
        "mean_ms": 1.0,
        "p95_ms": 2.0,
        "yardstick_ms": 4.0,
        "labels_changed_by_batch": 0,
        "score_changed_by_batch": 0.0,
    }
    return Figures(**{**usual, **other})


def candidate(
    architecture: Architecture, chain: Chain = STATIC, rounds: tuple[int, ...] = (1,), points: float = 0.0, **other: Any
) -> Candidate:
    version = Version(architecture, rounds=rounds if architecture.pruned else ())
    name = f"{version.name(SPACE)}-{chain.name}"
    model = Model(Path(name), "onnx", "intent", ("one", "two"), 64)
    return Candidate(name, version, chain, model, figures(points, **other))


def table(slowness: dict[Chain, float] = SLOWNESS) -> LatencyTable:
    models = {
        chain.name: {
            "full" if a == FULL else SPACE.name(a): Cost((layers * slow,), layers * 1_000_000)
            for a, layers in LAYERS.items()
        }
        for chain, slow in slowness.items()
    }
    return LatencyTable(SPACE, (), {chain.name: {} for chain in slowness}, models, (8,), 0.0)


def unpruned(*chains: Chain, **other: Any) -> list[Candidate]:
    return [candidate(FULL, chain, mean_ms=10 * SLOWNESS.get(chain, 5.0), **other) for chain in chains or SLOWNESS]


def state(*candidates: Candidate, options: SearchOptions = GIVEN, **fields: Any) -> State:
    """One that has served the baseline model by every chain, has its table, and has screened the three others."""
    setup = Setup(options, limits_of(options), tuple(SLOWNESS), SPACE, training_rows=100)
    found: dict[str, Any] = {
        "table": table(),
        "plan": (SMALL, MIDDLE, LARGE),
        "screenings": {a: Screening(deviation(9.0, divergence=1 / LAYERS[a]), 0.01) for a in (SMALL, MIDDLE, LARGE)},
    }
    return State(setup, candidates=(*unpruned(), *candidates), **{**found, **fields})


def trained(*architectures: Architecture, rounds: tuple[int, ...] = (1,), seconds: float = 1.0) -> tuple[Trained, ...]:
    return tuple(Trained(Version(a, rounds=rounds), seconds) for a in architectures)


@dataclass
class Simulation:
    """Carries out actions without doing anything.

    Args:
        served: (version, chain) -> the points that the candidate loses, or its figures; None where it cannot be made.
        screened: architecture -> points that it loses untrained.
        seconds: of each epoch of training and millisecond.
        done: the actions that were carried out.
    """

    served: Callable[[Version, Chain], Figures | float | None] = lambda version, chain: 0.0
    screened: Callable[[Architecture], float] = lambda architecture: 9.0
    compared: Callable[[Version], float] = lambda version: 9.0
    trains: Callable[[Version], bool] = lambda version: True
    seconds: float = 0.0
    done: list[Action] = field(default_factory=list)

    def run(self, state: State) -> State:
        """Go on until the policy stops."""
        while not isinstance(action := next_action(state), Stop):
            assert len(self.done) < 500, "the policy does not stop"
            self.done.append(action)
            state = self.carry_out(action, state)
        return state

    def of(self, kind: type) -> Iterator[Any]:
        """The actions of a kind."""
        return (action for action in self.done if isinstance(action, kind))

    def carry_out(self, action: Action, state: State) -> State:
        match action:
            case actions.Serve(version, chain):
                found = self.served(version, chain)
                if found is None:
                    return replace(state, failed=state.failed | {(version, chain)})
                if isinstance(found, float):
                    found = figures(found, mean_ms=LAYERS[version.architecture] * SLOWNESS[chain])
                made = candidate(version.architecture, chain, version.rounds)
                made = replace(made, figures=found, version=version)
                return replace(state, candidates=(*state.candidates, made))
            case actions.Trim(version):
                return replace(state, trimmed=version)
            case actions.MeasureLatency():
                return replace(state, table=table())
            case actions.Prune(a):
                screening = Screening(deviation(self.screened(a), divergence=1 / LAYERS[a]), 0.01)
                return replace(state, screenings={**state.screenings, a: screening})
            case actions.Compare(version):
                return replace(state, deviations={**state.deviations, version: deviation(self.compared(version))})
            case actions.Train(version):
                if not self.trains(version):
                    return replace(state, failed=state.failed | {(version, None)})
                taken = self.seconds * version.rounds[-1] * state.time(version.architecture)
                return replace(state, trainings=(*state.trainings, Trained(version, taken)), left=state.left - taken)
            case actions.Plan(architectures):
                return replace(state, plan=architectures)
            case actions.Round(architectures):
                return replace(state, round=action, promising=(*state.promising, *architectures))
            case actions.Settle():
                return replace(state, settled=action)
        raise AssertionError(action)
