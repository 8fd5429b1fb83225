"""Compression under budgets: the pass `search`, which tries the other passes, measures on this CPU, and chooses.

The search finds passes by their declared formats, roles and search spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from workbench.api import Pass, hookimpl
from workbench_compress.options import SearchOptions

if TYPE_CHECKING:
    from workbench.api.engine import Run
    from workbench.api.report import Section


@hookimpl
def passes() -> Mapping[str, Pass]:
    """`search`: from a trained model to one that a predictor opens."""
    return {
        "search": Pass(
            run="workbench_compress.search:search",
            options=SearchOptions,
            summary="the fastest model that keeps every budget, found by measuring on this CPU",
            extra="all",
            libraries=("torch", "transformers", "tokenizers", "onnxruntime", "numpy", "scipy"),
            machine=True,
            role="search",
            consumes="torch",
            calls=("passes", "trainers", "augmenters", "runtimes"),
        )
    }


@hookimpl
def report_sections(run: Run) -> Iterator[Section]:
    """Accuracy of every candidate against its latency and size."""
    from workbench_compress.report.section import sections

    return sections(run)
