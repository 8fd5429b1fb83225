"""Background jobs of a server by name, with their states as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

Job = Mapping[str, Any]
logger = logging.getLogger(__name__)


class Jobs:
    """The background jobs that plugins have added. A job whose status function fails does not hide the others."""

    def __init__(self) -> None:
        self._jobs: dict[str, Callable[[], Job]] = {}

    def add(self, name: str, status: Callable[[], Job]) -> None:
        """Add a job.

        Args:
            name: name of the job.
            status: function that returns `state`, a word such as `running`, and further public keys.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._jobs:
            raise ValueError(f"a job named {name!r} already exists")
        self._jobs[name] = status

    def status(self) -> dict[str, Job]:
        """Return the state of each job by name."""
        return {name: _state(name, status) for name, status in self._jobs.items()}


def _state(name: str, status: Callable[[], Job]) -> Job:
    try:
        state: Job = json.loads(json.dumps(dict(status()), allow_nan=False, ensure_ascii=False).encode())
        if not isinstance(state["state"], str):
            raise TypeError("'state' is not a string")
        return state
    except Exception as error:
        logger.exception("the status function of the job %s failed", name)
        message = f"{type(error).__name__}: the job's status function failed; see the log"
        return {"state": "unknown", "message": message}
