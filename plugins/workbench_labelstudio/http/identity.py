"""Who a token belongs to, on which server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.auth import VERSION
from workbench_labelstudio.http.connection import Connection, NotFound

if TYPE_CHECKING:
    from workbench_labelstudio.http.credentials import Credentials

HERE = "Give the address of its start page, such as https://host[:port][/path], without /projects and the like"
ATTEMPTS = 2


def identify(credentials: Credentials) -> dict[str, Any]:
    """Ask a server whether it accepts a token, and whose it is; only a Label Studio is told the token.

    Returns:
        `url` and `version` of the server, `user` (id, name and email), and how many `projects` the user can see.

    Raises:
        WorkbenchError: it does not, or it is no Label Studio; see `Connection.call`.
    """
    try:
        with Connection(credentials, attempts=ATTEMPTS) as connection:
            version = connection.get(VERSION).json["release"]
            user = connection.get("api/current-user/whoami").json
            projects = int(connection.get("api/projects", {"page_size": 1, "include": "id"}).json["count"])
        name = " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))
        who = {"id": user["id"], "name": name or user.get("username") or "", "email": user.get("email") or ""}
    except (NotFound, AttributeError, KeyError, TypeError, ValueError):
        what = "no Label Studio answers at this address"
        raise WorkbenchError(what, where=credentials.url, remedy=HERE) from None
    return {"url": credentials.url, "version": version, "user": who, "projects": projects}
