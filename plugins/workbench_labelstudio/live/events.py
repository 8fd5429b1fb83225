"""Events of a project: what Label Studio sends to the webhook of a server, and to a project's model.

An event is a hint and no more: it comes once, late, twice or never, and its body proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX, WEBHOOK = "/label-studio", "/webhook"  # paths of the routes
SECRET = "X-Workbench-Secret"
PROJECT = "X-Workbench-Project"  # the id of the webhook's project; a body without texts does not have it
LABEL_ACTIONS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED")
HOOKED = (*LABEL_ACTIONS, "TASKS_CREATED", "TASKS_DELETED", "PROJECT_UPDATED")  # what a webhook asks for
START_TRAINING = "START_TRAINING"  # sent to a model: the button "Start Training"
# ANNOTATION_DELETED is the name in the documentation, the server sends ANNOTATIONS_DELETED
ACTIONS = (*HOOKED, "ANNOTATION_DELETED", START_TRAINING)
DIGITS = 18  # of an id


@dataclass(frozen=True)
class Event:
    """A change of a project, as far as the request says.

    Args:
        action: one of `ACTIONS`.
        project: the project's id; None = the request does not say.
    """

    action: str
    project: int | None = None


def parse_event(body: Any, headers: Mapping[str, str]) -> Event | None:
    """Parse the JSON body of an event, and the header `PROJECT`; None if the action does not matter here."""
    if not isinstance(body, Mapping) or body.get("action") not in ACTIONS:
        return None
    project = _project_id(body.get("project"))
    return Event(body["action"], _project_id(headers.get(PROJECT)) if project is None else project)


def _project_id(value: Any) -> int | None:
    """Give the id of a project from a number, an object, or the text "<id>.<time of creation>"."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if isinstance(value, str):
        value = value.partition(".")[0]
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= DIGITS else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
