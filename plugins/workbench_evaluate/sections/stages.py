"""The section "Stages": status, time and metrics of each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench_evaluate.sections.run_results import RunResults


def values(results: RunResults) -> dict[str, Any] | None:
    """Return the stages in order, including failed ones, and the longest and total time in seconds."""
    stages = results.run.stages
    if not stages:
        return None
    return {
        "stages": stages,
        "longest": max(stage.seconds for stage in stages) or 1.0,
        "total": sum(stage.seconds for stage in stages),
    }
