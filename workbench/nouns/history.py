"""Steps of a model's history: which trainer or pass, with which options and libraries, and what it found."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from workbench.options import as_json


def history_step(name: str, options: Any, libraries: Sequence[str], **figures: Any) -> dict[str, Any]:
    """Describe what a trainer or a pass did, for `Model.derive`.

    Args:
        name: of the trainer or pass.
        options: its options; those that cannot change the result are left out, and of a path the last name stays.
        libraries: distributions whose versions are noted.
        figures: counts, shares and digests, as JSON.
    """
    versions = {library: importlib.metadata.version(library) for library in libraries}
    return {"step": name, "options": as_json(options, key_only=True), "libraries": versions, **figures}
