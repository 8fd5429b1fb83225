"""The entry of a bundle's server among a project's models: made once, brought up to date, taken out again.

Label Studio makes a webhook for each new entry, which sends every event to the server without its login and with all
texts, and which stays when the entry goes. So the webhook is looked after here, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.credentials import clean_url
from workbench_labelstudio.live.events import PREFIX
from workbench_labelstudio.live.settings import PASSWORD, SECRET, USER
from workbench_labelstudio.live.webhook import remove_webhooks, update_webhook

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.live.settings import Settings

CONNECTED = "CO"
TIMEOUT = 30.0  # seconds: Label Studio itself waits up to 2 x (1 + 3) for the server
REFUSED = re.compile(r"/refused\?(\S+)")
REMEDIES = {
    "authentication parameters": f"Set {USER} and {PASSWORD}, or {PASSWORD}_FILE, as the server has them",
    "reserved network address": "Label Studio calls no private address unless it was started with "
    "ML_BLOCK_LOCAL_IP=false (and SSRF_PROTECTION_ENABLED=false, for the events): start it so, or give the server a "
    "public address",
    "resolve hostname": "Give an address that is known where Label Studio runs",
    "health check failed": "Is `workbench serve --with label-studio` up, and can it be reached from where Label Studio "
    "runs? In a container, 127.0.0.1 is the container; and no private address is called unless it was started with "
    "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false",
}
FITS = "Serve a bundle of this project's intents, or add them to its label config"


@dataclass(frozen=True)
class Registration:
    """The outcome of `register` and `unregister`.

    Args:
        url: of the routes for Label Studio, as Label Studio reaches them.
        done: `created`, `updated`, `removed` or `nothing`.
        id: of the entry; None = there is none.
        state: in Label Studio's word, such as `Connected`; None without an entry.
        version: of the bundle that is served.
        silent: why the server does not hear of new labels; "" = it does.
        others: entries of the project that come before this one: Label Studio uses the first.
        shown: the `model_version` whose predictions annotators see; "" = none.
    """

    url: str
    done: str
    id: int | None = None
    state: str | None = None
    version: str | None = None
    silent: str = ""
    others: tuple[str, ...] = ()
    shown: str = ""


def register(connection: Connection, project: int, address: str, title: str, settings: Settings) -> Registration:
    """Make the entry of a server, or bring it up to date.

    Args:
        connection: to Label Studio.
        project: its id.
        address: of the server, or of its routes for Label Studio.
        title: of the model in Label Studio.
        settings: of the server; its login and secret are used.

    Raises:
        UsageProblem: the address is no http or https URL.
        WorkbenchError: Label Studio does not reach the server, or the server refuses the project; in its own words.
    """
    url = backend_url(address)
    entries = _entries(connection, project)
    known = next((int(entry["id"]) for entry in entries if entry["url"] == url), None)
    body = {"project": project, "url": url, "title": title, **_auth(settings)}
    try:
        number = _write(connection, body, known)
    except NotFound:
        raise
    except WorkbenchError as error:
        raise _explained(_details(error), url) from error
    silent = _update_webhook(connection, project, url, settings)
    now = connection.get(f"api/ml/{number}", timeout=TIMEOUT).json
    if now["state"] != CONNECTED:
        raise _explained(now["error_message"] or f"Label Studio says: {now['readable_state']}", url)
    return Registration(
        url,
        "created" if known is None else "updated",
        number,
        now["readable_state"],
        now["model_version"],
        silent,
        tuple(str(other["url"]) for other in entries if other["id"] < number),
        connection.get(f"api/projects/{project}").json["model_version"] or "",
    )


def unregister(connection: Connection, project: int, address: str) -> Registration:
    """Take out the entries of a server, and their webhooks; there may be none."""
    url = backend_url(address)
    found = [int(entry["id"]) for entry in _entries(connection, project) if entry["url"] == url]
    for number in found:
        with suppress(NotFound):  # removed already, and the answer got lost
            connection.call(connection.client.ml.delete, number, where=url, timeout=TIMEOUT)
    remove_webhooks(connection, project, url)
    return Registration(url, "removed" if found else "nothing")


def backend_url(address: str) -> str:
    """Give the URL of the routes for Label Studio, from the address of a server or of the routes.

    Raises:
        UsageProblem: the address is no http or https URL.
    """
    url = clean_url(address)
    return url if url.endswith(PREFIX) else url + PREFIX


def _auth(settings: Settings) -> dict[str, str]:
    """Give the login as the API takes it: in every change, the password too."""
    if settings.login is None:
        return {"auth_method": "NONE"}
    user, password = settings.login
    return {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}


def _write(connection: Connection, body: Mapping[str, Any], known: int | None) -> int:
    """Make or change the entry; give its id."""
    ml, url = connection.client.ml, body["url"]
    if known is None:
        try:
            return int(connection.call(ml.create, where=url, repeat=False, timeout=TIMEOUT, **body).id)
        except WorkbenchError:
            # the response was lost; or it is a 403, for the webhook that goes with it, although the entry was made
            made = [int(entry["id"]) for entry in _entries(connection, body["project"]) if entry["url"] == url]
            if not made:
                raise
            known = made[0]
    connection.call(ml.update, known, where=url, timeout=TIMEOUT, **body)
    return known


def _update_webhook(connection: Connection, project: int, url: str, settings: Settings) -> str:
    """Leave one webhook; give why there is none, else ""."""
    if settings.login and not settings.secret:
        remove_webhooks(connection, project, url)
        return f"webhooks do not log in: give the server a secret, {SECRET}"
    try:
        update_webhook(connection, project, url, settings.secret)
    except WorkbenchError as error:
        return f"Label Studio takes no webhook to it ({_details(error)})"
    return ""


def _entries(connection: Connection, project: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = connection.get("api/ml", {"project": project}, timeout=TIMEOUT).json
    return sorted(entries, key=lambda entry: int(entry["id"]))


def _details(error: WorkbenchError) -> str:
    """Give the whole message of Label Studio, of which the error has the beginning."""
    body = getattr(error.__cause__, "body", None)
    problems = body.get("validation_errors") if isinstance(body, Mapping) else None
    texts = [text for each in problems.values() for text in each] if isinstance(problems, Mapping) else []
    detail = body.get("detail") if isinstance(body, Mapping) else None
    return " ".join(map(str, texts)) or str(detail or error.what)


def _explained(message: str, url: str) -> WorkbenchError:
    """Give the error for a message of Label Studio, with what to do; our own server's words are read from the URL."""
    if refused := REFUSED.search(message):
        why = unquote_plus(refused[1].rstrip("."))
        return WorkbenchError(f"the server does not take the project: {why}", where=url, remedy=FITS)
    plain = " ".join(re.sub(r"<[^>]*>", "", message).split()).rstrip(".")
    remedy = next((remedy for words, remedy in REMEDIES.items() if words in plain), None)
    return WorkbenchError(f"Label Studio is not connected: {plain}", where=url, remedy=remedy)
