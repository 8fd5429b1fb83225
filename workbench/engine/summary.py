"""Summary of a finished stage: `summary.json` in its measurements, for people and for programs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.io.files import read_json, write_json
from workbench.io.shapes import check_shape

FILE = "summary.json"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Summary:
    """Summary of a finished stage for the command line.

    Args:
        words: lines of text for people.
        figures: the same content for programs, as JSON.
    """

    words: tuple[str, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)

    def save(self, measurements: Path) -> None:
        """Write the summary into the folder `measurements`; create the folder if necessary."""
        measurements.mkdir(parents=True, exist_ok=True)
        write_json(measurements / FILE, asdict(self))


def read_summary(measurements: Path) -> Summary | None:
    """Read the summary in a folder of measurements; None without one. An invalid file is logged and gives None."""
    if not (measurements / FILE).is_file():
        return None
    try:
        value = read_json(measurements / FILE)
        check_shape(value, {"words": list, "figures": dict}, measurements / FILE)
    except WorkbenchError as error:
        logger.warning("%s", error)
        return None
    return Summary(tuple(map(str, value["words"])), value["figures"])
