"""Where the plugin keeps its data of a user."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "XDG_DATA_HOME"


def data_folder() -> Path:
    """Give the plugin's folder below the user's data folder; nothing is made.

    Raises:
        RuntimeError: the user has no home folder.
    """
    return Path(os.environ.get(VARIABLE) or Path.home() / ".local" / "share") / "intent-workbench" / "labelstudio"
