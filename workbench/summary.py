"""What a stage says of itself when it is done: `summary.json` in its evidence, for people and for programs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import read_json, write_json
from workbench.shapes import check_shape

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

    def save(self, evidence: Path) -> None:
        """Write it into the folder of the evidence, which is made if it is not there."""
        evidence.mkdir(parents=True, exist_ok=True)
        write_json(evidence / FILE, asdict(self))


def read_summary(evidence: Path) -> Summary | None:
    """The summary that stands in a folder of evidence; None without one, and where it is none, which is logged."""
    if not (evidence / FILE).is_file():
        return None
    try:
        value = read_json(evidence / FILE)
        check_shape(value, {"words": list, "figures": dict}, evidence / FILE)
    except WorkbenchError as error:
        logger.warning("%s", error)
        return None
    return Summary(tuple(map(str, value["words"])), value["figures"])
