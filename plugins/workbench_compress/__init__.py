"""Compression under budgets: the pass `search`, which tries the other passes, measures on this CPU, and chooses.

It calls what other plugins offer by name, and does without what nobody offers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.api import Pass, hookimpl, option

if TYPE_CHECKING:
    from workbench.api.engine import Run
    from workbench.api.report import Section

ReduceRange = Literal["auto", "yes", "no"]
AUGMENTER = "words"  # is done without where nobody offers it


@dataclass(frozen=True)
class SearchOptions:
    """Budgets of the pass `search`, and how hard it tries."""

    max_drop: float = option(0.5, "points of dev accuracy that may be lost", ge=0.0, le=100.0, affects_cache=False)
    confidence: float = option(
        0.7,
        "how sure it must be that no more is lost; 0.5 takes the estimate as it is, which flatters the chosen one",
        ge=0.5,
        le=0.999,
        affects_cache=False,
    )
    max_churn: float | None = option(
        None,
        "points of the dev texts that may be answered otherwise than by the uncompressed model, right or wrong; an "
        "estimate, without regard to confidence",
        ge=0.0,
        le=100.0,
        affects_cache=False,
    )
    max_latency_ms: float | None = option(
        None, "95th percentile of the time for one text on one core, tokenizing included", ge=0.0, affects_cache=False
    )
    max_size_mb: float | None = option(None, "graph and tokenizer, in MB of 10^6 bytes", ge=0.0, affects_cache=False)
    max_memory_mb: float | None = option(
        None, "peak memory of a process that serves it, in MB", ge=0.0, affects_cache=False
    )
    minutes: float = option(
        60.0,
        "for the whole search, with what it takes from earlier ones; no training begins that would end later",
        ge=0.0,
        affects_cache=False,
    )
    screened: int = option(12, "cuts that are made and compared before any is trained", ge=0, affects_cache=False)
    recovered: int = option(6, "the most promising of them, which are trained", ge=0, affects_cache=False)
    epochs: int = option(
        1, "of the first round of training; a round has twice those of the one before", ge=1, affects_cache=False
    )
    vocabulary: Literal["auto", "keep", "trim"] = option(
        "auto", "trim the vocabulary to the data; auto does where it is most of the model, or a budget asks for it"
    )
    reduce_range: ReduceRange = option(
        "auto",
        "of the pass int8: 7-bit weights, which answer alike on every CPU; auto takes them where this one needs them",
    )
    augment: tuple[str, ...] = option(
        (AUGMENTER,), "augmenters whose texts cuts learn from too, as the uncut model answers them"
    )
    splices: int = option(
        3,
        "texts for each train row that cuts learn from too: its first words and the last ones of another, as the uncut "
        "model answers them; fewer where there are 12,000 texts without",
        ge=0,
    )
    texts: str | None = option(
        None, "a file of texts without labels, one a line: more to learn from, or all there is to go by", kind="path"
    )


@hookimpl
def passes() -> Mapping[str, Pass]:
    """`search`: torch -> onnx."""
    return {
        "search": Pass(
            run="workbench_compress.search:search",
            options=SearchOptions,
            summary="the fastest model that keeps every budget, found by measuring on this CPU",
            extra="all",
            libraries=("torch", "transformers", "tokenizers", "onnxruntime", "numpy", "scipy"),
            machine=True,
            searches=True,
            calls=("passes", "trainers", "augmenters", "runtimes"),
        )
    }


@hookimpl
def report_sections(run: Run) -> Iterator[Section]:
    """What the search measured: accuracy against latency and size."""
    from workbench_compress.section import sections

    return sections(run)
