"""Background jobs of a server by name, with the state of each as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

Job = Mapping[str, Any]
logger = logging.getLogger(__name__)


class Jobs:
    """The jobs that plugins have added. A job that cannot tell its state hides no other job."""

    def __init__(self) -> None:
        self._jobs: dict[str, Callable[[], Job]] = {}

    def add(self, name: str, status: Callable[[], Job]) -> None:
        """Add a job.

        Args:
            name: of the job.
            status: gives `state`, a word such as `running`, and whatever else everybody may know.

        Raises:
            ValueError: there is a job of that name.
        """
        if name in self._jobs:
            raise ValueError(f"there is a job {name!r} already")
        self._jobs[name] = status

    def status(self) -> dict[str, Job]:
        """Give the state of each job by name."""
        return {name: _state(name, status) for name, status in self._jobs.items()}


def _state(name: str, status: Callable[[], Job]) -> Job:
    try:
        state: Job = json.loads(json.dumps(dict(status()), allow_nan=False, ensure_ascii=False).encode())
        if not isinstance(state["state"], str):
            raise TypeError("'state' is no word")
        return state
    except Exception as error:
        logger.exception("the job %s does not tell its state", name)
        return {"state": "unknown", "message": f"{type(error).__name__}: its state cannot be told; the log says why"}
