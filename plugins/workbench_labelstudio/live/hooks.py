"""The webhook of this program at a project: registered once, found again after a crash, removed in the end.

A hook of a receiver that is gone costs the annotators up to a second at every annotation, so none is left behind.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound, Unconfirmed
from workbench_labelstudio.live.events import HOOKED, SECRET

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

WATCH = "X-Workbench-Watch"  # says whose hook it is; no secret
TRIES = 5
logger = logging.getLogger(__name__)


def name_of(run: Path) -> str:
    """A name for the watch of a run folder on this machine, the same after a restart; it gives neither away."""
    return hashlib.sha256(f"{platform.node()}:{run.resolve()}".encode()).hexdigest()[:16]


def register(connection: Connection, project: int, url: str, secret: str, name: str) -> int:
    """The id of the project's one webhook of that name or URL: made, or brought up to date; nobody else's is touched.

    Its requests carry the secret and what happened, but no text of a task: the server is asked for these.

    Raises:
        WorkbenchError: the server refuses the URL, or see `Connection.call`.
    """
    hooks = connection.client.webhooks
    wanted: dict[str, Any] = {
        "url": url,
        "headers": {SECRET: secret, WATCH: name},
        "actions": list(HOOKED),
        "send_for_all_actions": False,
        "send_payload": False,
        "is_active": True,
    }
    for _ in range(TRIES):
        ours = _find(connection, project, url, name)
        for more in ours[1:]:
            remove(connection, more)
        if ours:
            connection.call(hooks.update, ours[0], where=url, **wanted)
            return ours[0]
        try:
            made = connection.call(hooks.create, project=project, where=url, repeat=False, **wanted)
        except Unconfirmed as error:
            logger.info("%s; looking whether the webhook is there", error)
            continue
        return int(made.id)
    raise WorkbenchError("the server does not say whether it made the webhook", where=url, remedy="Try again later")


def remove(connection: Connection, hook: int) -> None:
    """Remove a webhook; it may be gone already."""
    try:
        connection.call(connection.client.webhooks.delete, hook, where=f"{connection.url}: webhook {hook}")
    except NotFound:
        logger.info("webhook %d was removed already", hook)


def remove_named(connection: Connection, name: str) -> None:
    """Remove the webhooks of that name; there may be none, nor their project any more."""
    for hook in _find(connection, None, None, name):
        remove(connection, hook)


def _find(connection: Connection, project: int | None, url: str | None, name: str) -> list[int]:
    known = connection.call(connection.client.webhooks.list, project=None if project is None else str(project))
    return [hook.id for hook in known if hook.id is not None and _ours(hook.headers, hook.url, url, name)]


def _ours(headers: Any, known: str, url: str | None, name: str) -> bool:
    return isinstance(headers, dict) and WATCH in headers and (headers[WATCH] == name or known == url)
