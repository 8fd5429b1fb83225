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
from workbench_compress.policy.actions import Action, MeasureLatency, Prune, Round, Serve, Stop, Train, Trim
from workbench_compress.policy.screening import pareto_front, spaced
from workbench_compress.policy.serving_chains import fastest_of_each_precision
from workbench_compress.policy.state import State
from workbench_compress.space.architecture import Architecture
from workbench_compress.space.chain import Chain

MOSTLY_TOKENS = 2 / 3  # share of a model's weights from which its vocabulary is trimmed unasked
ROUNDS = 6
HOPE = 0.25  # share of what is missing that a round has to win back
GAIN = 0.05  # share of its divergence that a further round takes from the chosen one; .1 to .25 is usual
STEP = 3  # a training step takes as long as so many predictions: one pass forth, two back


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
    setup = state.setup
    if setup.common_tokens is None or state.trimmed is not None:
        return None
    sizes = size_limits(setup.limits)
    too_large = all(any(limit.over(c.figures) for limit in sizes) for c in state.unpruned)
    mostly_tokens = setup.token_share > MOSTLY_TOKENS
    wanted = {"keep": False, "trim": True, "auto": mostly_tokens or too_large}[setup.options.vocabulary]
    action = Trim(replace(state.baseline, tokens=setup.common_tokens))
    return action if wanted and action not in state.failed else None


def serve_trimmed(state: State) -> Action | None:
    """Serve the trimmed model by the fastest chain of each precision; by all where size counts, for the fastest is not
    the smallest.
    """
    if state.trimmed is None:
        return None
    sized = size_limits(state.setup.limits)
    chains = [c.chain for c in state.unpruned] if sized else fastest_of_each_precision(state.chains)
    return serve_by(state, state.trimmed, chains)


# Pruned models


def measure_latency(state: State) -> Action | None:
    """Measure the latency table before anything is pruned, if there is time or an earlier search has pruned models."""
    setup, options = state.setup, state.setup.options
    possible = setup.recovers and setup.space.size > 1 and bool(options.screened and options.recovered)
    timely = state.left > 0 or any(version.tokens == state.base.tokens for version in state.made)
    wanted = possible and timely and state.table is None and MeasureLatency() not in state.failed
    return MeasureLatency() if wanted else None


def prune_singly(state: State) -> Action | None:
    """Prune in single dimensions what worthwhile architectures are pruned of: the divergences add up to a guess."""
    if state.table is None:
        return None
    return prune_next(state, (single for a in state.worthwhile for single in state.setup.space.singles(a)))


def prune_planned(state: State) -> Action | None:
    """Prune what is planned, and see how far its predictions deviate."""
    return prune_next(state, state.plan)


def serve_untrained(state: State) -> Action | None:
    """Serve what keeps the predictions without training, the fastest first, until one keeps every budget."""
    if state.rounds:
        return None
    for a in sorted(state.screened, key=state.time):
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
    for present in state.rounds[-1:]:
        for a in present.architectures:
            if action := train_and_serve(state, state.version(a, present.epochs)):
                return action
    return None


def next_round(state: State) -> Action | None:
    """Train the better half of what is worth more for twice as long.

    Worth more is what is beyond a budget of predictions and faster than all that keep every budget. One is given up
    whose last round, of twice the epochs, won back less than a quarter of what is missing.
    """
    if not state.rounds or len(state.rounds[-1].epochs) == ROUNDS:
        return None
    present = state.rounds[-1]
    count = len(present.epochs)

    def worth_more(a: Architecture) -> bool:
        missing, before = state.missing(a, count), state.missing(a, count - 1)
        hopeful = 0 < missing < math.inf and before - missing >= HOPE * missing
        return hopeful and state.time(a) < state.fastest and not state.beyond_training(a)

    trained = [a for a in present.architectures if state.rounds_of(a) == present.epochs and worth_more(a)]
    trained.sort(key=lambda a: (state.missing(a, count), a.order))
    better = tuple(trained[: math.ceil(len(trained) / 2)])
    return Round(better, (*present.epochs, 2 * present.epochs[-1])) if better else None


def next_batch(state: State) -> Action | None:
    """Begin with a batch of architectures that are faster than all that keep every budget."""

    def divergence(a: Architecture) -> float:
        return state.screenings[a].deviation.divergence

    options = state.setup.options
    front = pareto_front(untrained_and_faster(state), state.time, divergence)
    batch = sorted(spaced(front, state.time, options.recovered), key=divergence)
    return Round(tuple(batch), (options.epochs,)) if batch else None


def train_chosen(state: State) -> Action | None:
    """Train the chosen architecture further, if it was trained, while a round takes a twentieth of its divergence."""
    best = choose(calibrated(state.candidates), state.setup.limits)
    if best is None or not best.version.rounds:
        return None
    version = state.version(best.architecture, state.rounds_of(best.architecture))
    if action := serve_pruned(state, version):
        return action
    count = len(version.rounds)
    before, after = (state.divergence(best.architecture, rounds) for rounds in (count - 1, count))
    if count == ROUNDS or after >= (1 - GAIN) * before:
        return None
    return train_and_serve(state, version.after_round(state.setup.options.epochs))


RULES: tuple[Callable[[State], Action | None], ...] = (
    serve_baseline,
    trim_vocabulary,
    serve_trimmed,
    measure_latency,
    prune_singly,
    prune_planned,
    serve_untrained,
    train_round,
    next_round,
    next_batch,
    train_chosen,
)


# What the rules share


def prune_next(state: State, architectures: Iterable[Architecture]) -> Action | None:
    """Prune the first architecture that is not screened yet, if there is time."""
    for a in architectures:
        action = Prune(state.version(a))
        if a not in state.screenings and action not in state.failed and state.can_start(action.version):
            return action
    return None


def serve_by(state: State, version: Version, chains: Iterable[Chain]) -> Action | None:
    """Serve a version by the first of the chains that was not tried."""
    actions = (Serve(version, chain) for chain in chains if state.candidate(version, chain) is None)
    return next((action for action in actions if action not in state.failed), None)


def serve_pruned(state: State, version: Version) -> Action | None:
    """Serve a pruned model by the leading chain.

    The other chains follow where the leading one cannot serve the model, or where it alone spoils the predictions: the
    model keeps their budgets before the export.
    """
    leading, *others = state.ways
    if action := serve_by(state, version, [leading]):
        return action
    served, limits = state.candidate(version, leading), state.setup.limits
    if served and (not points_over(served.figures, limits) or points_over(served.figures.before_export, limits)):
        return None
    return serve_by(state, version, others)


def untrained_and_faster(state: State) -> list[Architecture]:
    """Screened architectures that are worth a first training, and were in no batch yet."""
    return [
        a
        for a in state.screened
        if a not in state.promising and state.time(a) < state.fastest and not state.beyond_training(a)
    ]


def train_and_serve(state: State, version: Version) -> Action | None:
    """Train an architecture for the last of the rounds if there is time, then serve it."""
    if version in state.trainings:
        return serve_pruned(state, version)
    return Train(version) if Train(version) not in state.failed and affords(state, version) else None


def affords(state: State, version: Version) -> bool:
    """Whether a round of training, and what is measured of it, will be over in time, as earlier ones tell.

    The first round is judged by how long the pruned model took to predict rows without learning from them.
    """
    if version in state.made:
        return True
    epochs, a = version.rounds[-1], version.architecture
    paces = [taken / (v.rounds[-1] * state.time(v.architecture)) for v, taken in state.trainings.items()]
    if paces:
        seconds = max(paces[1:] or paces) * epochs * state.time(a)  # in the first one the teacher predicts, too
    else:
        seconds = STEP * epochs * state.setup.training_rows * state.screenings[a].row_seconds
    after = max((c.seconds for c in state.candidates if c.pruned), default=0.0)
    return state.left > seconds + after
