"""What a search says at its end, in words and in figures: what was chosen, what it loses, and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.api.engine import Summary
from workbench.api.report import megabytes, seconds


def summarize(measurements: Mapping[str, Any]) -> Summary | None:
    """Summarize `search.json`; None where nothing was chosen."""
    candidates, judged = measurements["candidates"], measurements["judged"]
    chosen = next((c for c in candidates if c["chosen"]), None)
    if chosen is None:
        return None
    figures = {
        "chosen": chosen["name"],
        "points_lost": chosen["accuracy_loss"]["points"],
        "points_lost_at_most": chosen["accuracy_loss"]["bound"],
        "disagreement": chosen["disagreement"],
        "confidence": measurements["options"]["confidence"],
        "judged_on": judged["rows"],
        "labelled_by": judged["labelled_by"],
        **{name: chosen[name] for name in ("mean_ms", "p95_ms", "bytes", "memory_bytes")},
        "times_as_fast_as": times_as_fast(chosen, candidates),
        "candidates": len(candidates),
        "seconds": measurements["seconds"],
    }
    return Summary(words(figures), figures)


def times_as_fast(chosen: Mapping[str, Any], candidates: list[Mapping[str, Any]]) -> dict[str, float]:
    """How many times as fast as each peer the chosen candidate is, by the mean time; quantized peers first."""
    peers = sorted((c for c in candidates if c["peer"] and c is not chosen), key=lambda c: c["bits"])
    return {f"plain {c['precision']}": c["mean_ms"] / chosen["mean_ms"] for c in peers}


def words(figures: Mapping[str, Any]) -> tuple[str, str]:
    """Two lines for people."""
    lost = figures["points_lost"]
    by_people = figures["labelled_by"] == "people"
    what, rows = ("", "dev rows") if by_people else (" of agreement", "texts")
    changed = f"; {100 * figures['disagreement']:.1f} % of them change their label" if by_people else ""
    faster = " and ".join(f"{times:.1f} times as fast as {peer}" for peer, times in figures["times_as_fast_as"].items())
    return (
        f"chosen: {figures['chosen']}, {abs(lost):.2f} points{what} {'lost' if lost >= 0 else 'won'} on "
        f"{figures['judged_on']:,} {rows}, at most {figures['points_lost_at_most']:.2f} lost with "
        f"{figures['confidence']:.4g} confidence{changed}",
        f"{figures['mean_ms']:.2f} ms per text{faster and f', {faster}'}; {megabytes(figures['bytes'])}; "
        f"{figures['candidates']} candidates in {seconds(figures['seconds'])}",
    )
