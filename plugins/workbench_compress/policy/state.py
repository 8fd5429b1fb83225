"""The state of a search: all that its policy knows, as plain records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from workbench_compress.candidates.candidate import Candidate, Version, calibrated
from workbench_compress.candidates.choice import misses
from workbench_compress.candidates.figures import Deviation
from workbench_compress.candidates.limits import Limit, beyond_training, points_over
from workbench_compress.options import SearchOptions
from workbench_compress.policy.actions import Round, Settle
from workbench_compress.policy.serving_chains import fastest_chains, ways_to_serve, worth_serving
from workbench_compress.space.architecture import Architecture, Space
from workbench_compress.space.chain import Chain
from workbench_compress.space.latency import LatencyTable


@dataclass(frozen=True)
class TokenTable:
    """The token embeddings of the baseline model.

    Args:
        share: of all its weights.
        width: weights of a token.
    """

    share: float
    width: int


@dataclass(frozen=True)
class Setup:
    """What does not change during a search.

    Args:
        options: of the search.
        limits: its budgets.
        chains: by which models can be served, the plain export first.
        space: of the passes that prune.
        recovers: whether a pass trains pruned models.
        tokens: None where no pass trims them, or they are not known.
        training_rows: rows and unlabelled texts of an epoch.
    """

    options: SearchOptions
    limits: tuple[Limit, ...]
    chains: tuple[Chain, ...]
    space: Space = Space()
    recovers: bool = True
    trims: bool = False
    tokens: TokenTable | None = None
    training_rows: int = 0


@dataclass(frozen=True)
class Screening:
    """How a pruned model predicts without training.

    Args:
        deviation: from the baseline model.
        row_seconds: that one row took.
    """

    deviation: Deviation
    row_seconds: float = 0.0


@dataclass(frozen=True)
class Trained:
    """A round of training.

    Args:
        version: the trained model.
        seconds: that the round took.
    """

    version: Version
    seconds: float = 0.0


@dataclass(frozen=True)
class State:
    """What a search has found.

    Args:
        setup: what does not change.
        left: seconds until its minutes are spent.
        made: names of the steps that are finished on disk, with the options of this search, and cost no time again.
        yardstick: the chain whose model is timed beside every candidate.
        candidates: all that were measured.
        failed: what could not be made: by a chain, or at all (None).
        trimmed: the baseline model with a trimmed vocabulary.
        table: the latency table.
        screenings: of pruned models.
        plan: the architectures that are to be screened.
        deviations: of trained models before their export.
        trainings: in their order.
        serving_seconds: that exporting and measuring each version took, and comparing it before its export.
        round: the present round of training.
        promising: the architectures of all batches.
        settled: what the time goes to that is left.
    """

    setup: Setup
    left: float = math.inf
    made: frozenset[str] = frozenset()
    yardstick: Chain | None = None
    candidates: tuple[Candidate, ...] = ()
    failed: frozenset[tuple[Version, Chain | None]] = frozenset()
    trimmed: Version | None = None
    table: LatencyTable | None = None
    screenings: Mapping[Architecture, Screening] = field(default_factory=dict)
    plan: tuple[Architecture, ...] | None = None
    deviations: Mapping[Version, Deviation] = field(default_factory=dict)
    trainings: tuple[Trained, ...] = ()
    serving_seconds: Mapping[Version, float] = field(default_factory=dict)
    round: Round | None = None
    promising: tuple[Architecture, ...] = ()
    settled: Settle | None = None

    # models

    @property
    def baseline(self) -> Version:
        """The baseline model."""
        return Version(self.setup.space.full)

    @cached_property
    def base(self) -> Version:
        """The model that is pruned: with the trimmed vocabulary where a chain could serve it."""
        served = {c.version for c in self.candidates}
        return self.trimmed if self.trimmed in served and self.trimmed else self.baseline

    def version(self, architecture: Architecture, rounds: tuple[int, ...] = ()) -> Version:
        """A pruned model."""
        return replace(self.base, architecture=architecture, rounds=rounds)

    def is_made(self, version: Version) -> bool:
        """Whether a model costs no time, for an earlier search made it."""
        return version.name(self.setup.space) in self.made

    def can_start(self, version: Version) -> bool:
        """Whether there is time to make a pruned model, or it is made."""
        return self.left > 0 or self.is_made(version)

    def rounds_of(self, architecture: Architecture) -> tuple[int, ...]:
        """Epochs of the rounds that an architecture was trained for."""
        rounds = [t.version.rounds for t in self.trainings if t.version.architecture == architecture]
        return max(rounds, key=len, default=())

    # chains

    @cached_property
    def unpruned(self) -> list[Candidate]:
        """Candidates of the baseline model, its vocabulary not trimmed."""
        return [c for c in self.candidates if c.version == self.baseline]

    @cached_property
    def served_chains(self) -> dict[str, Chain]:
        """The chains whose time is predicted: those that serve the baseline model and save time."""
        return {c.chain.name: c.chain for c in self.unpruned if not c.chain.for_size}

    @cached_property
    def ways(self) -> list[Chain]:
        """By which chains pruned models are served; all but the first only where that one spoils a model."""
        assert self.table is not None
        limits, unpruned = self.setup.limits, [c for c in self.candidates if not c.pruned]
        worth, chains = worth_serving(unpruned, limits), fastest_chains(self.unpruned, limits)
        return ways_to_serve(self.table, self.setup.space.grid(), self.served_chains, worth, chains)

    def leads(self, candidate: Candidate) -> bool:
        """Whether a candidate has the precision by whose time architectures are compared."""
        return candidate.chain.precision == self.ways[0].precision

    def candidate(self, version: Version, chain: Chain) -> Candidate | None:
        """The candidate that a chain makes of a version."""
        return next((c for c in self.candidates if (c.version, c.chain) == (version, chain)), None)

    def tried(self, version: Version, chain: Chain) -> bool:
        """Whether a version was served by a chain, or could not be."""
        return self.candidate(version, chain) is not None or (version, chain) in self.failed

    # time

    @cached_property
    def times(self) -> dict[Architecture, float]:
        """Predicted milliseconds of every architecture by the leading chain."""
        assert self.table is not None
        return {a: self.table.predict(a, self.ways[0].name)[0] for a in self.setup.space.grid()}

    def time(self, architecture: Architecture) -> float:
        """Predicted milliseconds of an architecture by the leading chain."""
        return self.times[architecture]

    # what was found

    @cached_property
    def pruned(self) -> list[Candidate]:
        """The pruned candidates, with the times by which one is chosen."""
        return [c for c in calibrated(self.candidates) if c.pruned] if self.candidates else []

    @cached_property
    def kept(self) -> list[Candidate]:
        """Pruned candidates of the leading precision that keep every budget."""
        return [c for c in self.pruned if self.leads(c) and not misses(c, self.setup.limits)]

    @cached_property
    def fastest(self) -> float:
        """Predicted milliseconds of the fastest of these; infinite where there is none."""
        assert self.table is not None
        return min((self.table.predict(c.architecture, c.chain.name)[0] for c in self.kept), default=math.inf)

    @cached_property
    def missing(self) -> dict[Architecture, float]:
        """Points by which the predictions of each served architecture are beyond their budgets, at best.

        Candidates of the leading precision count.
        """
        missing: dict[Architecture, float] = {}
        for c in self.pruned:
            if self.leads(c):
                over = points_over(c.figures, self.setup.limits)
                missing[c.architecture] = min(over, missing.get(c.architecture, math.inf))
        return missing

    def divergence(self, architecture: Architecture, rounds: int) -> float:
        """The least divergence of a served architecture after so many rounds of training, or fewer."""
        return min(
            (
                c.figures.divergence
                for c in self.pruned
                if c.architecture == architecture and self.leads(c) and len(c.version.rounds) <= rounds
            ),
            default=math.inf,
        )

    def hopeless(self, architecture: Architecture) -> bool:
        """Whether an architecture could not be pruned or trained, or some version of it not be served as the leading
        precision asks.
        """
        versions = {version for version, _ in self.failed if version.architecture == architecture}
        return any((version, None) in self.failed or self._unservable(version) for version in versions)

    def _unservable(self, version: Version) -> bool:
        tried = [chain for chain in self.ways if self.tried(version, chain)]
        return len(tried) == len(self.ways) and not any(self.leads(c) for c in self.candidates if c.version == version)

    def beyond_training(self, architecture: Architecture) -> bool:
        """Whether an architecture was served and is too slow or too large by every chain; training mends neither.

        Where the leading chain does not quantize, a smaller one may follow.
        """
        served = [c for c in self.pruned if c.architecture == architecture]
        smallest = self.ways[0].quantized
        return smallest and bool(served) and all(beyond_training(c.figures, self.setup.limits) for c in served)

    @property
    def tries(self) -> int:
        """How many pruned candidates were measured or given up; it stands still where no time is left."""
        given_up = {version.architecture for version, _ in self.failed if version.pruned}
        return sum(c.pruned for c in self.candidates) + sum(map(self.hopeless, given_up))
