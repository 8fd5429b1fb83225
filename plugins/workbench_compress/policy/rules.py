"""The policy of a search: which action comes next, as rules over its state and without I/O.

Aloud: Serve the baseline model by every chain. Trim its vocabulary where that is worth it. Measure what its parts cost
on this CPU. Prune it in one dimension after the other, guess from that which architectures are promising, and prune
those. Serve those that keep the predictions without training. Train a batch of the faster ones for a little, the better
half of what is left for twice as long; then the next batch, while there is time. The time that is left goes to the
chosen one: more training costs its speed nothing.

Training in rounds is successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943) with rules of our own. Once a
pruned model keeps every budget, only faster ones are worth more training. One is given up that gains too little to ever
keep its budgets, or that is too slow or too large, which training does not mend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from workbench_compress.candidates.candidate import Version, calibrated
from workbench_compress.candidates.choice import choose
from workbench_compress.candidates.limits import points_over, size_limits
from workbench_compress.policy.actions import (
    Action,
    Compare,
    MeasureLatency,
    Plan,
    Prune,
    Round,
    Serve,
    Settle,
    Stop,
    Train,
    Trim,
)
from workbench_compress.policy.conditions import (
    ROUNDS,
    affords,
    common_tokens,
    screened,
    untrained_and_faster,
    wants_pruning,
    worthwhile,
)
from workbench_compress.policy.screening import pareto_front, spaced, worth_more
from workbench_compress.policy.serving_chains import fastest_chains
from workbench_compress.policy.state import State
from workbench_compress.space.architecture import Architecture
from workbench_compress.space.chain import Chain

MOSTLY_TOKENS = 2 / 3  # share of a model's weights from which its vocabulary is trimmed unasked
GAIN = 0.05  # share of its divergence that a further round takes from the chosen one; .1 to .25 is usual


def next_action(state: State) -> Action:
    """The action of the first rule that has one; the search stops where no rule has."""
    return next((action for rule in RULES if (action := rule(state)) is not None), Stop())


# The unpruned model


def serve_baseline(state: State) -> Action | None:
    """Serve the baseline model by every chain: what peers serve, what others are compared with, and the way back."""
    return serve_by(state, state.baseline, state.setup.chains)


def trim_vocabulary(state: State) -> Action | None:
    """Trim the vocabulary where the user asks for it, where it is most of the model, or where every chain is too large.

    A text of tomorrow has words that no row of today has, so common tokens stay: in bytes a part of the size budget.
    """
    setup, version = state.setup, replace(state.baseline, tokens=common_tokens(state))
    if not setup.trims or state.trimmed == version or (version, None) in state.failed:
        return None
    sizes = size_limits(setup.limits)
    too_large = all(any(limit.over(c.figures) for limit in sizes) for c in state.unpruned)
    mostly_tokens = setup.tokens is not None and setup.tokens.share > MOSTLY_TOKENS
    wanted = {"keep": False, "trim": True, "auto": mostly_tokens or too_large}[setup.options.vocabulary]
    return Trim(version) if wanted else None


def serve_trimmed(state: State) -> Action | None:
    """Serve the trimmed model by the fastest chain of each precision; by all where size counts, for the fastest is not
    the smallest.
    """
    if state.trimmed is None:
        return None
    every = [c.chain for c in state.unpruned]
    fastest = fastest_chains(state.unpruned, state.setup.limits).values()
    return serve_by(state, state.trimmed, every if size_limits(state.setup.limits) else fastest)


# Pruned models


def measure_latency(state: State) -> Action | None:
    """Measure the latency table before anything is pruned."""
    return MeasureLatency() if state.table is None and wants_pruning(state) else None


def prune_singly(state: State) -> Action | None:
    """Prune in single dimensions what worthwhile architectures are pruned of: the divergences add up to a guess."""
    if state.table is None or state.plan is not None:
        return None
    singles = dict.fromkeys(single for a in worthwhile(state) for single in state.setup.space.singles(a))
    return prune_next(state, singles)


def plan_screening(state: State) -> Action | None:
    """Plan to screen the architectures of the best guesses, spaced evenly from the fastest to the slowest."""
    if state.table is None or state.plan is not None:
        return None
    space, found = state.setup.space, state.screenings
    guessed = [a for a in worthwhile(state) if all(single in found for single in space.singles(a))]

    def guess(a: Architecture) -> float:
        return sum(found[single].deviation.divergence for single in space.singles(a))

    best = pareto_front(guessed, state.time, guess)
    return Plan(tuple(spaced(best, state.time, state.setup.options.screened)))


def prune_planned(state: State) -> Action | None:
    """Prune what is planned, and see how far its predictions deviate."""
    return prune_next(state, state.plan or ())


def serve_untrained(state: State) -> Action | None:
    """Serve what keeps the predictions without training, the fastest first, until one keeps every budget."""
    if state.table is None or state.round is not None:
        return None
    for a in sorted(screened(state), key=state.time):
        if points_over(state.screenings[a].deviation, state.setup.limits):
            continue
        if action := serve_pruned(state, state.version(a)):
            return action
        if any(c.architecture == a for c in state.kept):
            return None
    return None


# Training


def train_round(state: State) -> Action | None:
    """Train and serve every architecture of the present round that there is time for."""
    if state.round is None or state.settled is not None:
        return None
    for a in state.round.architectures:
        if action := train_and_serve(state, state.version(a, state.round.epochs)):
            return action
    return None


def next_round(state: State) -> Action | None:
    """Train the better half of what is worth more for twice as long."""
    if state.round is None or state.settled is not None or len(state.round.epochs) == ROUNDS:
        return None
    present = state.round
    trained = [
        a
        for a in present.architectures
        if state.rounds_of(a) == present.epochs and not state.hopeless(a) and not state.beyond_training(a)
    ]
    alive = worth_more(trained, state.missing, present.missing, state.time, state.fastest)
    epochs = (*present.epochs, 2 * present.epochs[-1])
    return replace(present, architectures=tuple(alive), epochs=epochs, missing=state.missing) if alive else None


def next_batch(state: State) -> Action | None:
    """Begin with a batch of architectures that are faster than all that keep every budget.

    A batch in which nothing could be tried is the last one.
    """
    if state.plan is None or state.settled is not None or (state.round and state.tries == state.round.tried):
        return None

    def divergence(a: Architecture) -> float:
        return state.screenings[a].deviation.divergence

    options = state.setup.options
    front = pareto_front(untrained_and_faster(state), state.time, divergence)
    batch = sorted(spaced(front, state.time, options.recovered), key=divergence)
    return Round(tuple(batch), (options.epochs,), dict.fromkeys(batch, math.inf), state.tries) if batch else None


def settle(state: State) -> Action | None:
    """End the batches: the time that is left goes to the chosen candidate, if it was trained."""
    if state.plan is None or state.settled is not None:
        return None
    best = choose(calibrated(state.candidates), state.setup.limits)
    if best is None or not best.version.epochs:
        return Settle()
    return Settle(best.architecture, state.rounds_of(best.architecture))


def train_chosen(state: State) -> Action | None:
    """Train the chosen architecture further while a round takes a twentieth of its divergence."""
    if state.settled is None or state.settled.architecture is None:
        return None
    a = state.settled.architecture
    done = state.rounds_of(a)
    if action := train_and_serve(state, state.version(a, done)):
        return action
    count = len(done)
    gained = state.divergence(a, count) < (1 - GAIN) * state.divergence(a, count - 1)
    if count == ROUNDS or (done != state.settled.rounds and not gained):
        return None
    return train_and_serve(state, state.version(a, (*done, 2 * done[-1])))


RULES: tuple[Callable[[State], Action | None], ...] = (
    serve_baseline,
    trim_vocabulary,
    serve_trimmed,
    measure_latency,
    prune_singly,
    plan_screening,
    prune_planned,
    serve_untrained,
    train_round,
    next_round,
    next_batch,
    settle,
    train_chosen,
)


# What the rules share


def prune_next(state: State, architectures: Iterable[Architecture]) -> Action | None:
    """Prune the first architecture that is not screened yet, if there is time."""
    for a in architectures:
        version = state.version(a)
        if a not in state.screenings and (version, None) not in state.failed and state.can_start(version):
            return Prune(a)
    return None


def serve_by(state: State, version: Version, chains: Iterable[Chain]) -> Action | None:
    """Serve a version by the first of the chains that was not tried."""
    return next((Serve(version, chain) for chain in chains if not state.tried(version, chain)), None)


def serve_pruned(state: State, version: Version) -> Action | None:
    """Serve a pruned model by the leading chain.

    The other chains follow where the leading one cannot serve the model, or where it alone spoils the predictions: the
    model keeps their budgets before the export.
    """
    leading, *others = state.ways
    if not state.tried(version, leading):
        return Serve(version, leading)
    served = state.candidate(version, leading)
    if served is not None:
        if not points_over(served.figures, state.setup.limits):
            return None
        if version not in state.deviations:
            return Compare(version)
        if points_over(state.deviations[version], state.setup.limits):
            return None
    return serve_by(state, version, others)


def train_and_serve(state: State, version: Version) -> Action | None:
    """Train an architecture for the last of the rounds if there is time, then serve it."""
    if all(t.version != version for t in state.trainings):
        if state.hopeless(version.architecture) or not affords(state, version):
            return None
        return Train(version)
    return serve_pruned(state, version)
