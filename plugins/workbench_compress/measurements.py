"""Write `search.json`: every figure of a search, times included. The file is kept beside the output, undigested."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import as_json
from workbench.api.io import write_json
from workbench.api.machine import describe
from workbench_compress import SearchOptions
from workbench_compress.candidate import Candidate, limits
from workbench_compress.choosing import NEAREST, misses, nearest_of
from workbench_compress.summary import summarize

if TYPE_CHECKING:
    from workbench_compress.search import Findings

FILE, FORMAT = "search.json", 1


def write_measurements(
    folder: Path, findings: Findings, best: Candidate | None, options: SearchOptions, seconds: float
) -> None:
    """Write `search.json` into the folder, and a summary where something was chosen.

    Args:
        folder: made if it is not there.
        findings: of the search.
        best: the chosen candidate, None where none keeps every budget; the nearest misses are named then.
        options: of the search.
        seconds: that it took.
    """
    budgets = limits(options)
    folder.mkdir(parents=True, exist_ok=True)
    material = findings.material
    value = {
        "format": FORMAT,
        "options": as_json(options, key_only=True),
        "machine": describe(),
        "seconds": round(seconds, 1),
        "judged": {"rows": len(material.texts), "by": material.by},
        "budgets": [{"name": limit.name, "most": limit.most, "unit": limit.unit} for limit in budgets],
        "chosen": best.name if best else None,
        "nearest": [] if best else [c.name for c in nearest_of(findings.candidates, budgets)[:NEAREST]],
        "candidates": [{**c.to_json(), "misses": misses(c, budgets), "chosen": c is best} for c in findings.candidates],
        "table": findings.table.to_json() if findings.table else None,
        "screening": screening(findings),
    }
    write_json(folder / FILE, value)
    if told := summarize(value):
        told.save(folder)


def screening(findings: Findings) -> dict[str, Any] | None:
    """How many structures were thought of, and what became of those that were cut."""
    plan, table = findings.plan, findings.table
    if plan is None or table is None:
        return None
    return {
        "grid": len(plan.grid),
        "undominated": len(plan.undominated),
        "cuts": [
            {
                "name": structure.name,
                **asdict(structure),
                "predicted_ms": table.predict(structure, findings.leading)[0],
                "divergence": plan.divergences[structure],
                "promising": structure in plan.promising,
            }
            for structure in plan.screened
        ],
    }
