"""The webhook of a bundle's server at a project: made once, brought up to date, removed."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound, Unconfirmed
from workbench_labelstudio.live.events import HOOKED, PROJECT, SECRET, WEBHOOK

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

TRIES = 5
logger = logging.getLogger(__name__)


def update_webhook(connection: Connection, project: int, url: str, secret: str | None) -> None:
    """Leave one webhook to a server, which sends the names of events that matter, and the secret, but no texts.

    Raises:
        WorkbenchError: Label Studio refuses the URL, or see `Connection.call`.
    """
    hooks = connection.client.webhooks
    body: dict[str, Any] = {
        "url": url + WEBHOOK,
        "actions": list(HOOKED),
        "headers": {PROJECT: str(project)} | ({SECRET: secret} if secret else {}),
        "send_for_all_actions": False,
        "send_payload": False,
        "is_active": True,
    }
    for _ in range(TRIES):
        if known := _find(connection, project, url):
            connection.call(hooks.update, known[0], where=url, **body)
            return _remove(connection, known[1:])
        try:
            connection.call(hooks.create, project=project, where=url, repeat=False, **body)
        except Unconfirmed as error:
            logger.info("%s; looking whether the webhook is there", error)
    raise WorkbenchError("the server does not say whether it made the webhook", where=url, remedy="Try again later")


def remove_webhooks(connection: Connection, project: int, url: str) -> None:
    """Remove the webhooks to a server; there may be none."""
    _remove(connection, _find(connection, project, url))


def _find(connection: Connection, project: int, url: str) -> list[int]:
    known = connection.call(connection.client.webhooks.list, project=str(project))
    return [hook.id for hook in known if hook.id is not None and hook.url == url + WEBHOOK]


def _remove(connection: Connection, hooks: list[int]) -> None:
    for hook in hooks:
        with suppress(NotFound):  # removed already, and the answer got lost
            connection.call(connection.client.webhooks.delete, hook, where=f"{connection.url}: webhook {hook}")
