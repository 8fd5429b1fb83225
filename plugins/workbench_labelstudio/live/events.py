"""What Label Studio tells of a project: webhooks, and the events that it sends to a project's model.

An event is a hint and no more: it comes once, late, twice or never, and its body proves nothing. The server is asked
what changed.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "X-Workbench-Secret"
PROJECT = "X-Workbench-Project"  # whose webhook it is: a body that holds no text does not say it
HOOKED = (  # what a webhook of a project can send and that matters here
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
    "PROJECT_UPDATED",
)
START_TRAINING = "START_TRAINING"  # sent to a model: the button "Start Training"
# ANNOTATION_DELETED is what the documentation calls it, the server sends ANNOTATIONS_DELETED
ACTIONS = (*HOOKED, "ANNOTATION_DELETED", START_TRAINING)


@dataclass(frozen=True)
class Event:
    """What happened, as far as the body says.

    Args:
        action: one of `ACTIONS`.
        project: the project's id; None = the body does not say.
    """

    action: str
    project: int | None = None

    def concerns(self, projects: Collection[int] | None) -> bool:
        """Whether it may be one of these projects that it is about; None = any may be meant."""
        return None in (self.project, projects) or self.project in (projects or ())


def heard(body: Any) -> Event | None:
    """The event of a JSON body; None when it is none that matters here, which is to be answered politely."""
    if not isinstance(body, Mapping) or body.get("action") not in ACTIONS:
        return None
    return Event(body["action"], project_number(body.get("project")))


def project_number(named: Any) -> int | None:
    """The id of a project that is given as such, as an object, or as "<id>.<time of creation>"."""
    if isinstance(named, Mapping):
        named = named.get("id")
    if isinstance(named, str):
        named = named.partition(".")[0]
        return int(named) if named.isascii() and named.isdecimal() else None
    return named if isinstance(named, int) and not isinstance(named, bool) else None


def right_secret(headers: Mapping[str, str], secret: str) -> bool:
    """Whether the header `SECRET` holds the secret, compared in constant time.

    Args:
        headers: of the request, values decoded as Latin-1, as servers do.
        secret: what it must be.
    """
    given = headers.get(SECRET) or headers.get(SECRET.lower()) or ""
    return hmac.compare_digest(given.encode("latin-1", "backslashreplace"), secret.encode())
