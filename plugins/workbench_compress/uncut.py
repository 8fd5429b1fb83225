"""The uncut model in every precision: what peers serve, what the cuts are compared with, and the way back."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from workbench.api import Model, WorkbenchError
from workbench_compress import SearchOptions
from workbench_compress.candidate import MB, Candidate, Limit, limits, measured, measured_by, points_over
from workbench_compress.chains import Chain, offered
from workbench_compress.measuring import Bench
from workbench_compress.structure import Encoder
from workbench_compress.workshop import Workshop

TRIM = "trim-vocab"
MOST = 2 / 3  # share of a model's weights from which its vocabulary is trimmed unasked
COMMON = 20_000  # tokens that stay without a size budget
FOR_WORDS = 1 / 3  # share of the size budget that they may take
SIZES = ("max_size_mb", "max_memory_mb")
logger = logging.getLogger(__name__)


def measure_uncut(
    model: Model, encoder: Encoder | None, options: SearchOptions, lab: Workshop, bench: Bench
) -> list[Candidate]:
    """The model by every chain that can be had, the plain ones first; the first of all is plain float32.

    Raises:
        WorkbenchError: it cannot be exported.
    """
    plain, *more = offered(lab, sized=bool(sizes(options)), reduce_range=options.reduce_range)
    bench.yardstick = yardstick(model, plain, more, lab)
    full = encoder.full if encoder else None
    first = measured("uncut", plain, lambda: model, lab, bench, structure=full)
    return [first, *measured_by(more, "uncut", lambda: model, lab, bench, structure=full)]


def yardstick(model: Model, plain: Chain, more: Sequence[Chain], lab: Workshop) -> Model:
    """Plain int8, or float32 where that cannot be made."""
    for chain in (*(chain for chain in more if chain.name == "int8"), plain):
        try:
            return chain.applied(lab, "uncut", lambda: model)
        except WorkbenchError:
            if chain == plain:
                raise
    raise AssertionError("the plain chain either returns or raises")


def fastest_chains(found: Sequence[Candidate], budgets: Sequence[Limit]) -> dict[str, Chain]:
    """Of each precision the chain that took the least time, beside the yardstick's, of those with good answers."""
    ordered = sorted(
        found, key=lambda c: (not points_over(c.figures, budgets), -c.figures["mean_ms"] / c.figures["yardstick_ms"])
    )
    return {c.chain.precision: c.chain for c in ordered}


def trimmed(
    model: Model,
    encoder: Encoder | None,
    options: SearchOptions,
    found: Sequence[Candidate],
    lab: Workshop,
    extra: str | None,
) -> Model | None:
    """The model with the vocabulary that the data needs; None where it is to stay as it is.

    Raises:
        WorkbenchError: it was asked for and cannot be done.
    """
    if options.vocabulary == "keep" or not lab.offers(TRIM):
        return None
    if options.vocabulary == "auto" and not (mostly_words(encoder) or too_large(options, found)):
        return None
    more = {"background": extra} if extra else {}
    try:
        name = trimmed_name(encoder, options)
        return lab.passed(name, lambda: model, TRIM, common=common(encoder, options), **more)
    except WorkbenchError as error:
        if options.vocabulary == "trim":
            raise
        logger.warning("the vocabulary stays as it is: %s", error)
        return None


def trimmed_name(encoder: Encoder | None, options: SearchOptions) -> str:
    """What the trimmed model is called: budgets of size differ in the vocabulary that they leave."""
    return f"trimmed-{common(encoder, options)}"


def common(encoder: Encoder | None, options: SearchOptions) -> int:
    """How many of the tokenizer's most common tokens stay, seen or not: in bytes a part of the size budget.

    A text of tomorrow has words that no row of today has.
    """
    if encoder is None or options.max_size_mb is None:
        return COMMON
    return round(FOR_WORDS * options.max_size_mb * MB / encoder.hidden)


def mostly_words(encoder: Encoder | None) -> bool:
    """Whether token embeddings are most of the weights, as in multilingual encoders."""
    return encoder is not None and encoder.embeddings > MOST * (encoder.embeddings + encoder.weights(encoder.full))


def too_large(options: SearchOptions, found: Sequence[Candidate]) -> bool:
    """Whether the uncut model breaks a budget of size or memory in every precision."""
    return all(any(limit.over(c.figures) for limit in sizes(options)) for c in found)


def sizes(options: SearchOptions) -> list[Limit]:
    """The budgets of size and memory that were given."""
    return [limit for limit in limits(options) if limit.name in SIZES]
