"""Options of the reader `labelstudio`, for the command line and for recipes."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import option
from workbench_labelstudio.options import TaskOptions


@dataclass(frozen=True)
class ProjectOptions(TaskOptions):
    """Which server has the project, and what makes an utterance; where the tasks come from is in no key."""

    url: str | None = option(
        None, "the server; none = LABEL_STUDIO_URL, else the one that was connected last", affects_output=False
    )
    token_file: str | None = option(
        None,
        "a file, mode 0600, that holds the token; none = LABEL_STUDIO_API_KEY if it is for the server that "
        "LABEL_STUDIO_URL names, else what `connect` stored",
        affects_output=False,
    )
    mirror: str | None = option(
        None, "folder of the local copy of the project; none = one in the user's data folder", affects_output=False
    )
