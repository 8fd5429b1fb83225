"""What a search says when it is done, in words and in figures: what was chosen, what it loses, and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.api.engine import Summary
from workbench.api.report import megabytes, seconds
from workbench_compress.candidate import churn

PEERS = {"uncut-fp32": ("plain fp32", "直接 fp32"), "uncut-int8": ("plain int8", "直接 int8")}


def summarize(measurements: Mapping[str, Any]) -> Summary | None:
    """Of the measurements as `search.json` has it; None where nothing was chosen."""
    candidates, judged = measurements["candidates"], measurements["judged"]
    chosen = next((c for c in candidates if c["chosen"]), None)
    if chosen is None:
        return None
    figures = {
        "chosen": chosen["name"],
        "points_lost": chosen["drop"]["points"],
        "points_lost_at_most": chosen["drop"]["bound"],
        "churn": churn(chosen),
        "confidence": measurements["options"]["confidence"],
        "judged_on": judged["rows"],
        "judged_by": judged["by"],
        **{name: chosen[name] for name in ("mean_ms", "p95_ms", "bytes", "memory_bytes")},
        "times_as_fast_as": times_as_fast(chosen, candidates),
        "candidates": len(candidates),
        "seconds": measurements["seconds"],
    }
    return Summary(words(figures), figures)


def times_as_fast(chosen: Mapping[str, Any], candidates: list[Mapping[str, Any]]) -> dict[str, float]:
    """How many times as fast as each way without a search the chosen candidate is, by the mean time for a text."""
    peers = {c["name"]: c["mean_ms"] / chosen["mean_ms"] for c in candidates if c is not chosen}
    return {english: peers[name] for name, (english, _) in reversed(PEERS.items()) if name in peers}


def words(figures: Mapping[str, Any]) -> tuple[str, str]:
    """Two lines for people."""
    lost = figures["points_lost"]
    by_labels = figures["judged_by"] == "labels"
    what, rows = ("", "dev rows") if by_labels else (" of agreement", "texts")
    changed = f"; {figures['churn']:.1f} % of them are answered otherwise than before" if by_labels else ""
    faster = " and ".join(f"{times:.1f} times as fast as {peer}" for peer, times in figures["times_as_fast_as"].items())
    return (
        f"chosen: {figures['chosen']}, {abs(lost):.2f} points{what} {'lost' if lost >= 0 else 'won'} on "
        f"{figures['judged_on']:,} {rows}, at most {figures['points_lost_at_most']:.2f} lost with "
        f"{figures['confidence']:.4g} confidence{changed}",
        f"{figures['mean_ms']:.2f} ms a text{faster and f', {faster}'}; {megabytes(figures['bytes'])}; "
        f"{figures['candidates']} candidates in {seconds(figures['seconds'])}",
    )
