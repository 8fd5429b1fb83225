"""Conditions of the policy: what is worth a try, and what there is time for."""

from __future__ import annotations

from workbench_compress.candidates.candidate import Version
from workbench_compress.candidates.limits import MB
from workbench_compress.policy.screening import undominated
from workbench_compress.policy.state import State
from workbench_compress.space.architecture import Architecture

COMMON_TOKENS = 20_000  # that stay without a size budget
TOKENS_SHARE = 1 / 3  # of the size budget that they may take
TABLE = "latency-table"
LEEWAY = 1.1  # times a budget, that a prediction may say and be wrong
ROUNDS = 6
STEP = 3  # a training step takes as long as so many predictions: one pass forth, two back


def common_tokens(state: State) -> int:
    """How many of the tokenizer's most common tokens stay, seen or not."""
    budget, tokens = state.setup.options.max_size_mb, state.setup.tokens
    return COMMON_TOKENS if tokens is None or budget is None else round(TOKENS_SHARE * budget * MB / tokens.width)


def wants_pruning(state: State) -> bool:
    """Whether pruned models are wanted and possible, and there is time or the table of an earlier search."""
    setup, options = state.setup, state.setup.options
    possible = setup.recovers and setup.space.size > 1 and bool(options.screened and options.recovered)
    return possible and (state.left > 0 or table_name(state) in state.made)


def table_name(state: State) -> str:
    """What the latency table is called; tokenizers differ in how many tokens a text has."""
    return f"{TABLE}-{state.base.name(state.setup.space)}"


def askable(state: State) -> list[Version]:
    """Every pruned version that the rules may ask for: untrained, and after each of the rounds."""
    epochs = [state.setup.options.epochs * 2**number for number in range(ROUNDS)]
    return [
        state.version(a, tuple(epochs[:count]))
        for a in state.setup.space.grid()
        if a.pruned
        for count in range(ROUNDS + 1)
    ]


def worthwhile(state: State) -> list[Architecture]:
    """Architectures that may keep the budgets, save time, and that no larger one of these is as fast as.

    Without time left only those count that are pruned already.
    """
    fitting = [a for a in state.setup.space.grid() if fits(state, a)]
    full = state.time(state.setup.space.full)
    faster = [a for a in undominated(fitting, state.time) if a.pruned and state.time(a) < full]
    return [a for a in faster if state.can_start(state.version(a))]


def fits(state: State, architecture: Architecture) -> bool:
    """Whether an architecture may keep the budgets of time and size, with leeway for the prediction."""
    options, table = state.setup.options, state.table
    assert table is not None
    if options.max_latency_ms is not None and all(
        table.predict(architecture, chain)[1] > LEEWAY * options.max_latency_ms for chain in table.chains
    ):
        return False
    if options.max_size_mb is None:
        return True
    return min(predicted_sizes(state, architecture), default=0.0) <= LEEWAY * options.max_size_mb * MB


def predicted_sizes(state: State, architecture: Architecture) -> list[float]:
    """Bytes of an architecture by each chain that serves the model that is pruned.

    The table has no chain that saves bytes alone; by such a one a model shrinks by the same share as in float32.
    """
    table = state.table
    assert table is not None
    served = [c for c in state.candidates if c.version == state.base]
    known = [c for c in served if c.chain.name in table.chains]
    sizes = [table.predicted_bytes(c.figures.bytes, architecture, c.chain.name) for c in known]
    if widest := max(known, key=lambda c: c.chain.bits, default=None):
        share = table.predicted_bytes(widest.figures.bytes, architecture, widest.chain.name) / widest.figures.bytes
        sizes += [share * c.figures.bytes for c in served if c.chain.for_size]
    return sizes


def screened(state: State) -> list[Architecture]:
    """The planned architectures that were screened."""
    return [a for a in state.plan or () if a in state.screenings]


def untrained_and_faster(state: State) -> list[Architecture]:
    """Screened architectures that are worth a first training."""
    trained = {t.version.architecture for t in state.trainings}
    return [
        a
        for a in screened(state)
        if a not in trained and state.time(a) < state.fastest and not state.hopeless(a) and not state.beyond_training(a)
    ]


def affords(state: State, version: Version) -> bool:
    """Whether a round of training, and what is measured of it, will be over in time, as earlier ones tell.

    The first round is judged by how long the pruned model took to predict rows without learning from them.
    """
    if state.is_made(version):
        return True
    epochs, a = version.rounds[-1], version.architecture
    paces = [t.seconds / (t.version.rounds[-1] * state.time(t.version.architecture)) for t in state.trainings]
    if paces:
        seconds = max(paces[1:] or paces) * epochs * state.time(a)  # in the first one the teacher predicts, too
    else:
        seconds = STEP * epochs * state.setup.training_rows * state.screenings[a].row_seconds
    after = max((taken for served, taken in state.serving_seconds.items() if served.pruned), default=0.0)
    return state.left > seconds + after
