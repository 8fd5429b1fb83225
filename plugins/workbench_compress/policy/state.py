"""The state of a search: all that its policy knows, as plain records, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from workbench_compress.candidates.candidate import Candidate, Version, calibrated
from workbench_compress.candidates.choice import misses
from workbench_compress.candidates.figures import Deviation
from workbench_compress.candidates.limits import MB, Limit, beyond_training, limits_of, points_over
from workbench_compress.options import SearchOptions
from workbench_compress.policy.actions import Action, Round
from workbench_compress.policy.screening import pareto_front, spaced, undominated
from workbench_compress.policy.serving_chains import by_speed, ways_to_serve
from workbench_compress.space.architecture import Architecture, Space
from workbench_compress.space.chain import Chain
from workbench_compress.space.latency import LatencyTable

LEEWAY = 1.1  # times a budget, that a prediction may say and be wrong


@dataclass(frozen=True)
class Setup:
    """What does not change during a search.

    Args:
        options: of the search.
        chains: by which models can be served; the one whose model is timed beside every candidate comes first.
        space: of the passes that prune.
        recovers: whether a pass trains pruned models.
        common_tokens: that a trimmed vocabulary keeps; None where no pass trims.
        token_share: of the token embeddings in the weights of the baseline model.
        training_rows: rows and unlabelled texts of an epoch.
    """

    options: SearchOptions
    chains: tuple[Chain, ...]
    space: Space = Space()
    recovers: bool = True
    common_tokens: int | None = None
    token_share: float = 0.0
    training_rows: int = 0

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The budgets."""
        return limits_of(self.options)


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
class State:
    """What a search has found.

    Args:
        setup: what does not change.
        left: seconds until its minutes are spent.
        made: pruned models of earlier searches, made with the options of this one; they cost no time again.
        candidates: all that were measured.
        failed: actions that could not be carried out.
        trimmed: the baseline model with a trimmed vocabulary.
        table: the latency table.
        screenings: of pruned models.
        trainings: seconds that the last round of each trained model took, in their order.
        rounds: of training, the present one last.
    """

    setup: Setup
    left: float = math.inf
    made: frozenset[Version] = frozenset()
    candidates: tuple[Candidate, ...] = ()
    failed: frozenset[Action] = frozenset()
    trimmed: Version | None = None
    table: LatencyTable | None = None
    screenings: Mapping[Architecture, Screening] = field(default_factory=dict)
    trainings: Mapping[Version, float] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()

    # models

    @property
    def baseline(self) -> Version:
        """The baseline model."""
        return Version(self.setup.space.full)

    @cached_property
    def base(self) -> Version:
        """The model that is pruned: with the trimmed vocabulary where a chain could serve it."""
        return next((c.version for c in self.candidates if c.version == self.trimmed), self.baseline)

    def version(self, architecture: Architecture, rounds: tuple[int, ...] = ()) -> Version:
        """A pruned model."""
        return replace(self.base, architecture=architecture, rounds=rounds)

    def can_start(self, version: Version) -> bool:
        """Whether there is time to make a pruned model, or an earlier search made it."""
        return self.left > 0 or version in self.made

    def rounds_of(self, architecture: Architecture) -> tuple[int, ...]:
        """Epochs of the rounds that an architecture was trained for."""
        rounds = [version.rounds for version in self.trainings if version.architecture == architecture]
        return max(rounds, key=len, default=())

    # chains

    @cached_property
    def unpruned(self) -> list[Candidate]:
        """Candidates of the baseline model, its vocabulary not trimmed."""
        return [c for c in self.candidates if c.version == self.baseline]

    @cached_property
    def chains(self) -> list[Chain]:
        """The chains that keep the unpruned model's predictions, the fastest first."""
        return by_speed(self.unpruned, self.setup.limits)

    @cached_property
    def ways(self) -> list[Chain]:
        """By which chains pruned models are served; all but the first only where that one spoils a model."""
        assert self.table is not None
        return ways_to_serve(self.chains, self.table.chains)

    def leads(self, candidate: Candidate) -> bool:
        """Whether a candidate has the precision by whose time architectures are compared."""
        return candidate.chain.precision == self.ways[0].precision

    def candidate(self, version: Version, chain: Chain) -> Candidate | None:
        """The candidate that a chain makes of a version."""
        return next((c for c in self.candidates if (c.version, c.chain) == (version, chain)), None)

    # architectures

    @cached_property
    def times(self) -> dict[Architecture, float]:
        """Predicted milliseconds of every architecture by the leading chain."""
        assert self.table is not None
        return {a: self.table.predict(a, self.ways[0].name)[0] for a in self.setup.space.grid()}

    def time(self, architecture: Architecture) -> float:
        """Predicted milliseconds of an architecture by the leading chain."""
        return self.times[architecture]

    @cached_property
    def worthwhile(self) -> list[Architecture]:
        """Architectures that may keep the budgets, save time, and that no larger one of these is as fast as."""
        fitting = [a for a in self.times if self._fits(a)]
        full = self.time(self.setup.space.full)
        return [a for a in undominated(fitting, self.time) if a.pruned and self.time(a) < full]

    def _fits(self, architecture: Architecture) -> bool:
        """Whether an architecture may keep the budgets of time and size, with leeway for the prediction."""
        options, table = self.setup.options, self.table
        assert table is not None
        if options.max_latency_ms is not None and all(
            table.predict(architecture, chain)[1] > LEEWAY * options.max_latency_ms for chain in table.chains
        ):
            return False
        if options.max_size_mb is None:
            return True
        served = [c for c in self.candidates if c.version == self.base and c.chain.name in table.chains]
        sizes = (table.predicted_bytes(c.figures.bytes, architecture, c.chain.name) for c in served)
        return min(sizes, default=0.0) <= LEEWAY * options.max_size_mb * MB

    @cached_property
    def plan(self) -> list[Architecture]:
        """What is screened: the best guesses, spaced evenly from the fastest to the slowest.

        The divergences of models that are pruned in a single dimension add up to a guess.
        """
        space, found = self.setup.space, self.screenings
        if self.table is None:
            return []

        def guess(a: Architecture) -> float:
            return sum(found[single].deviation.divergence for single in space.singles(a))

        guessed = [a for a in self.worthwhile if all(single in found for single in space.singles(a))]
        return spaced(pareto_front(guessed, self.time, guess), self.time, self.setup.options.screened)

    @property
    def screened(self) -> list[Architecture]:
        """The planned architectures that were screened."""
        return [a for a in self.plan if a in self.screenings]

    @cached_property
    def promising(self) -> set[Architecture]:
        """The architectures of all first rounds."""
        return {a for begun in self.rounds if len(begun.epochs) == 1 for a in begun.architectures}

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

    def missing(self, architecture: Architecture, rounds: int) -> float:
        """Points by which the predictions of an architecture are beyond their budgets, at best.

        Candidates of the leading precision count, after so many rounds of training or fewer; infinite without any.
        """
        found = [c for c in self._after(architecture, rounds) if self.leads(c)]
        return min((points_over(c.figures, self.setup.limits) for c in found), default=math.inf)

    def divergence(self, architecture: Architecture, rounds: int) -> float:
        """The least divergence of an architecture after so many rounds of training or fewer; infinite without any."""
        return min((c.figures.divergence for c in self._after(architecture, rounds)), default=math.inf)

    def beyond_training(self, architecture: Architecture) -> bool:
        """Whether an architecture was served and is too slow or too large by every chain; training mends neither.

        Where the leading chain does not quantize, a smaller one may follow.
        """
        found = [c.figures for c in self.pruned if c.architecture == architecture]
        too_much = bool(found) and all(beyond_training(figures, self.setup.limits) for figures in found)
        return too_much and self.ways[0].quantized

    def _after(self, architecture: Architecture, rounds: int) -> list[Candidate]:
        return [c for c in self.pruned if c.architecture == architecture and len(c.version.rounds) <= rounds]
