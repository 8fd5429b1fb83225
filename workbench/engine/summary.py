"""What a stage says of itself when it is done: `summary.json` in its measurements, for people and for programs."""

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
    """What the command line shows of a stage that is done.

    Args:
        words: lines for people.
        figures: the same for programs, as JSON.
    """

    words: tuple[str, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)

    def save(self, measurements: Path) -> None:
        """Write it into the folder of the measurements, which is made if it is not there."""
        measurements.mkdir(parents=True, exist_ok=True)
        write_json(measurements / FILE, asdict(self))


def read_summary(measurements: Path) -> Summary | None:
    """The summary that stands in a folder of measurements; None without one, and where it is none, which is logged."""
    if not (measurements / FILE).is_file():
        return None
    try:
        value = read_json(measurements / FILE)
        check_shape(value, {"words": list, "figures": dict}, measurements / FILE)
    except WorkbenchError as error:
        logger.warning("%s", error)
        return None
    return Summary(tuple(map(str, value["words"])), value["figures"])
