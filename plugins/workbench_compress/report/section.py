"""The section of `report.html`: every candidate's accuracy against its time and size, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.io import read_json
from workbench.api.report import Section, environment
from workbench_compress.report.measurements import FILE
from workbench_compress.report.picture import Picture, draw

if TYPE_CHECKING:
    from workbench.api.engine import Run

TITLE = ("Compression: what was tried", "压缩搜索：全部候选")
ORDER = 65
MB = 1e6


def sections(run: Run) -> Iterator[Section]:
    """One for the last search of a run that left its measurements."""
    found = [stage.measurements / FILE for stage in run.stages if (stage.measurements / FILE).is_file()]
    if not found:
        return
    html = environment(__package__).get_template("pareto.html.j2").render(values(read_json(found[-1])))
    css = Path(__file__).with_name("pareto.css").read_text(encoding="utf-8")
    yield Section(TITLE, html, ORDER, css)


def values(measurements: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of a search's measurements."""
    candidates = sorted(measurements["candidates"], key=lambda c: c["mean_ms"])
    chosen = next((c for c in candidates if c["chosen"]), None)
    budgets = {budget["name"]: budget["most"] for budget in measurements["budgets"]}
    least = baseline_accuracy(candidates[0]) - budgets["max_drop"] / 100
    return {
        "candidates": [{**c, "label": plain(c) if c["peer"] else None} for c in candidates],
        "chosen": chosen,
        "nearest": [c for name in measurements["nearest"] for c in candidates if c["name"] == name],
        "peers": [
            {"label": plain(c), "times": c["mean_ms"] / chosen["mean_ms"], "bytes": c["bytes"]}
            for c in candidates
            if chosen and c["peer"] and c is not chosen
        ],
        "pictures": pictures(candidates, least, budgets),
        **{name: measurements[name] for name in ("budgets", "judged", "screening", "seconds", "machine")},
        "confidence": measurements["options"]["confidence"],
    }


def plain(peer: Mapping[str, Any]) -> tuple[str, str]:
    """What a peer is called, in English and in Chinese."""
    return f"plain {peer['precision']}", f"直接 {peer['precision']}"


def baseline_accuracy(candidate: Mapping[str, Any]) -> float:
    """The baseline model's accuracy, as a share."""
    return float(candidate["accuracy"] + candidate["accuracy_loss"]["points"] / 100)


def pictures(candidates: Sequence[Mapping[str, Any]], least: float, budgets: Mapping[str, float]) -> list[Picture]:
    """Accuracy against milliseconds, and against megabytes."""
    return [
        draw(
            candidates,
            lambda c: c["mean_ms"],
            least,
            None,
            ("Milliseconds for one text, mean", "单条文本平均耗时（毫秒）"),
        ),
        draw(candidates, lambda c: c["bytes"] / MB, least, budgets.get("max_size_mb"), ("Size in MB", "大小（MB）")),
    ]
