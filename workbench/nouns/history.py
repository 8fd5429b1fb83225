"""Entries of a model's history: the trainer or pass, its options, library versions and figures."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from workbench.options import as_json


def history_step(name: str, options: Any, libraries: Sequence[str], **figures: Any) -> dict[str, Any]:
    """Build the history entry of a trainer or a pass for `Model.derive`.

    Args:
        name: name of the trainer or pass.
        options: its options. Options that cannot change the result are left out; paths are cut to their last name.
        libraries: distributions whose installed versions are recorded.
        figures: counts, shares and digests, as JSON.
    """
    versions = {library: importlib.metadata.version(library) for library in libraries}
    return {"step": name, "options": as_json(options, key_only=True), "libraries": versions, **figures}
