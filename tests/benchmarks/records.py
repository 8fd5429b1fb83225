"""Results of a benchmark: one JSON file, a record for each setting; a setting that is there is not measured again."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.engine.stage import version
from workbench.io.files import replace_json
from workbench.machine import cores, describe

RESULTS = Path(__file__).parent / "results"
SHARED = Path(__file__).resolve().parents[3] / "shared"
LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "onnxruntime",
    "onnx",
    "optimum",
    "optimum-onnx",
    "accelerate",
    "openvino",
    "scikit-learn",
    "numpy",
)


class Records:
    """The records of the benchmark `name`."""

    def __init__(self, name: str) -> None:
        self.path = RESULTS / f"{name}.json"
        self.values: dict[str, Any] = json.loads(self.path.read_text()) if self.path.is_file() else {}

    def measure(self, setting: str, work: Callable[[], Any]) -> Any:
        """What `work` gives for a setting, from the file or measured now and written."""
        if setting not in self.values:
            RESULTS.mkdir(exist_ok=True)
            begun = time.monotonic()
            value = work()
            self.values[setting] = {
                "value": value,
                "seconds": round(time.monotonic() - begun, 2),
                "where": surroundings(),
            }
            replace_json(self.path, self.values)
        print(setting, json.dumps(self.values[setting]["value"], ensure_ascii=False), flush=True)
        return self.values[setting]["value"]


def surroundings() -> dict[str, Any]:
    """CPU and versions that a figure belongs to."""
    return {
        "workbench": __version__,
        **describe(),
        "cores": cores(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most of repeated measurements."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "runs": len(values)}


def shared(*parts: str) -> Path:
    """A path in the development data beside the checkout; ends the benchmark where it is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise SystemExit(f"{path} is not here: this benchmark needs the development data beside the checkout")
    return path
