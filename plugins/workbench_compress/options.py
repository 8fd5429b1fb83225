"""Options of the pass `search`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.api import option


@dataclass(frozen=True)
class SearchOptions:
    """Budgets of the pass `search`, and how hard it tries."""

    max_drop: float = option(0.5, "points of dev accuracy that may be lost", ge=0.0, le=100.0, affects_cache=False)
    confidence: float = option(
        0.7,
        "confidence level of the accuracy bound; 0.5 uses the point estimate, which is optimistic for the winner of a "
        "search",
        ge=0.5,
        le=0.999,
        affects_cache=False,
    )
    max_churn: float | None = option(
        None,
        "points of the dev texts whose intent may change, right or wrong; an estimate, without regard to confidence",
        ge=0.0,
        le=100.0,
        affects_cache=False,
    )
    max_latency_ms: float | None = option(
        None, "95th percentile of the time for one text on one core, tokenizing included", ge=0.0, affects_cache=False
    )
    max_size_mb: float | None = option(None, "graph and tokenizer, in MB of 10^6 bytes", ge=0.0, affects_cache=False)
    max_memory_mb: float | None = option(
        None, "peak memory of a process that serves the model, in MB", ge=0.0, affects_cache=False
    )
    minutes: float = option(
        60.0,
        "for the whole search, with what it takes from earlier ones; no training begins that would end later",
        ge=0.0,
        affects_cache=False,
    )
    screened: int = option(
        12, "pruned models that are made and compared before any is trained", ge=0, affects_cache=False
    )
    recovered: int = option(6, "the most promising of them, which are trained", ge=0, affects_cache=False)
    epochs: int = option(
        1, "of the first round of training; a round has twice those of the one before", ge=1, affects_cache=False
    )
    vocabulary: Literal["auto", "keep", "trim"] = option(
        "auto", "trim the vocabulary to the data; auto does where it is most of the model, or a budget asks for it"
    )
    reduce_range: Literal["auto", "yes", "no"] = option(
        "auto",
        "7-bit weights, which give the same predictions on every CPU, in passes with this option; auto uses them where "
        "this CPU needs them",
    )
    augment: tuple[str, ...] | None = option(
        None,
        "augmenters whose texts pruned models learn from too, labelled by the baseline model; none = those that are "
        "made for that",
    )
    splices: int = option(
        3,
        "texts for each train row that pruned models learn from too: its first words and the last ones of another, "
        "labelled by the baseline model; fewer where there are 12,000 texts without",
        ge=0,
    )
    texts: str | None = option(
        None, "a file of texts without labels, one a line: more to learn from, or all there is to go by", kind="path"
    )
