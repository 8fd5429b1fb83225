"""Options that say which project of which server: for the reader `labelstudio` in recipes, and for the verbs."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import option
from workbench_labelstudio.options import TaskOptions


@dataclass(frozen=True)
class ServerOptions:
    """Which server has the project; no option is part of a key."""

    url: str | None = option(
        None, "the server; none = LABEL_STUDIO_URL, else the one that was connected last", affects_output=False
    )
    token_file: str | None = option(
        None,
        'a file, mode 0600, that holds the token, "-" for standard input; none = LABEL_STUDIO_API_KEY if it is for the '
        "server that LABEL_STUDIO_URL names, else what `connect` stored",
        affects_output=False,
    )


@dataclass(frozen=True)
class MirrorOptions(ServerOptions):
    """Which server has the project, and where its local copy is."""

    mirror: str | None = option(
        None, "folder of the local copy of the project; none = one in the user's data folder", affects_output=False
    )


@dataclass(frozen=True)
class ProjectOptions(MirrorOptions, TaskOptions):
    """Which server has the project, and what makes an utterance."""
