"""The stages of the run with their seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench_evaluate.sections.reading import Findings


def values(findings: Findings) -> dict[str, Any] | None:
    """The stages in their order, failed ones too."""
    stages = findings.run.stages
    if not stages:
        return None
    return {
        "stages": stages,
        "longest": max(stage.seconds for stage in stages) or 1.0,
        "total": sum(stage.seconds for stage in stages),
    }
