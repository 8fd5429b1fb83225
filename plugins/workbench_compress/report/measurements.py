"""Write `search.json`: every figure of a search, times included. The file is kept beside the output, undigested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.api import as_json
from workbench.api.io import write_json
from workbench.api.machine import describe
from workbench_compress.candidates.candidate import Candidate
from workbench_compress.candidates.choice import NEAREST, misses, nearest_of
from workbench_compress.lab.data import SearchData
from workbench_compress.policy.conditions import screened
from workbench_compress.policy.state import State
from workbench_compress.report.summary import summarize

FILE, FORMAT = "search.json", 2


def write_measurements(folder: Path, state: State, best: Candidate | None, data: SearchData, seconds: float) -> None:
    """Write `search.json` into the folder, and a summary where a candidate was chosen.

    Args:
        folder: made if it is not there.
        state: the last one of the search.
        best: the chosen candidate, None where none keeps every budget; the nearest misses are named then.
        data: the rows of the search.
        seconds: that the search took.
    """
    limits, options = state.setup.limits, state.setup.options
    folder.mkdir(parents=True, exist_ok=True)
    value = {
        "format": FORMAT,
        "options": as_json(options, key_only=True),
        "machine": describe(),
        "seconds": round(seconds, 1),
        "judged": {"rows": len(data.texts), "labelled_by": data.labelled_by},
        "budgets": [{"name": limit.name, "most": limit.most, "unit": limit.unit} for limit in limits],
        "yardstick": state.yardstick.name if state.yardstick else None,
        "chosen": best.name if best else None,
        "nearest": [] if best else [c.name for c in nearest_of(state.candidates, limits)[:NEAREST]],
        "candidates": [
            {**candidate_json(c, state), "misses": misses(c, limits), "chosen": c is best} for c in state.candidates
        ],
        "latency_table": state.table.to_json() if state.table else None,
        "screening": screening_json(state),
    }
    write_json(folder / FILE, value)
    if summary := summarize(value):
        summary.save(folder)


def candidate_json(candidate: Candidate, state: State) -> dict[str, Any]:
    """A candidate with its architecture, its passes and its figures."""
    version, chain, table = candidate.version, candidate.chain, state.table
    known = table is not None and chain.name in table.chains
    return {
        "name": candidate.name,
        "precision": chain.precision,
        "bits": chain.bits,
        "passes": chain.to_json(),
        "architecture": state.setup.space.values(version.architecture),
        "pruned": version.pruned,
        "trimmed": version.trimmed,
        "tokens": version.tokens,
        "rounds": list(version.rounds),
        "epochs": version.epochs,
        "peer": candidate.peer,
        "predicted_ms": table.predict(version.architecture, chain.name)[0] if table and known else None,
        **candidate.figures.to_json(),
    }


def screening_json(state: State) -> dict[str, Any] | None:
    """How many architectures were considered, and what became of the pruned models."""
    if state.plan is None:
        return None
    space, found = state.setup.space, screened(state)
    return {
        "grid": space.size,
        "planned": len(state.plan),
        "dimensions": [
            {"name": name, "title": dimension.title}
            for name, dimension in zip(space.names(), space.dimensions, strict=True)
        ],
        "pruned_models": [
            {
                "name": space.name(a),
                "architecture": space.values(a),
                "predicted_ms": state.time(a),
                "divergence": state.screenings[a].deviation.divergence,
                "trained": a in state.promising,
            }
            for a in found
        ],
    }
