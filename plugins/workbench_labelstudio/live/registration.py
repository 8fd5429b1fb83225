"""The entry of a bundle's server among a project's models: made once, brought up to date, taken out again.

Label Studio makes a webhook for each new entry, which sends every event to the server without its login and with all
texts, and which stays when the entry goes. So the webhook is looked after here, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.credentials import clean_url
from workbench_labelstudio.live.events import PREFIX
from workbench_labelstudio.live.webhook import remove_webhooks, same_url, update_webhook

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.live.settings import Login

TITLE = "intent-workbench"
CONNECTED = "CO"
TIMEOUT = 30.0  # seconds: Label Studio itself waits up to 2 x (1 + 3) for the server
REFUSED = re.compile(r"/refused\?(\S+)")
REMEDIES = {
    "authentication parameters": "Give --user and --password-file as the server has them in WORKBENCH_LABELSTUDIO_USER "
    "and WORKBENCH_LABELSTUDIO_PASSWORD_FILE",
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
class BackendEntry:
    """The entry to register.

    Args:
        url: of the routes for Label Studio, as Label Studio reaches them.
        title: of the model in Label Studio; None = `TITLE`, which other servers may have, too.
        login: of Basic auth; None = the server asks for none.
        secret: of the server's webhook; None = it has none.
    """

    url: str
    title: str | None = None
    login: Login | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def shown_title(self) -> str:
        """The title that the entry gets."""
        return self.title or TITLE

    def to_json(self, project: int) -> dict[str, Any]:
        """Give the entry as the API takes it: all of it in every change, the password too."""
        auth: dict[str, Any] = {"auth_method": "NONE"}
        if self.login:
            auth = {
                "auth_method": "BASIC_AUTH",
                "basic_auth_user": self.login.user,
                "basic_auth_pass": self.login.password,
            }
        return {"project": project, "url": self.url, "title": self.shown_title, **auth}


@dataclass(frozen=True)
class Registration:
    """The outcome of `register` and `unregister`.

    Args:
        id: of the entry; None = there is none.
        done: `created`, `updated`, `removed` or `nothing`.
        state: in Label Studio's word, such as `Connected`; None without an entry.
        version: of the bundle that is served.
        silent: why the server does not hear of new labels; "" = it does.
        others: entries of the project that come before this one: Label Studio uses the first.
        shown: the `model_version` whose predictions annotators see; "" = none.
        moved: the URL that the entry had before; "" = this one, or it is new.
    """

    id: int | None
    done: str
    state: str | None = None
    version: str | None = None
    silent: str = ""
    others: tuple[str, ...] = ()
    shown: str = ""
    moved: str = ""


def backend_url(address: str) -> str:
    """Give the URL of the routes for Label Studio, from the address of a server or of the routes.

    Raises:
        UsageProblem: the address is no http or https URL.
    """
    url = clean_url(address)
    return url if url.endswith(PREFIX) else url + PREFIX


def register(connection: Connection, project: int, entry: BackendEntry) -> Registration:
    """Make the entry, or bring it up to date: the one with this URL, else the one with the given title.

    Raises:
        WorkbenchError: Label Studio does not reach the server, or the server refuses the project; in its own words.
    """
    entries = _entries(connection, project)
    known = _find(entries, entry)
    try:
        number = _write(connection, project, entry, known)
    except NotFound:
        raise
    except WorkbenchError as error:
        raise _explained(_details(error), entry.url) from error
    silent = _update_webhook(connection, project, entry)
    moved = "" if known is None or same_url(known["url"], entry.url) else str(known["url"])
    if moved:
        remove_webhooks(connection, project, moved)
    now = connection.get(f"api/ml/{number}", timeout=TIMEOUT).json
    if now["state"] != CONNECTED:
        raise _explained(now["error_message"] or f"Label Studio says: {now['readable_state']}", entry.url)
    return Registration(
        number,
        "created" if known is None else "updated",
        now["readable_state"],
        now["model_version"],
        silent,
        tuple(str(other["url"]) for other in entries if other["id"] < number),
        connection.get(f"api/projects/{project}").json["model_version"] or "",
        moved,
    )


def unregister(connection: Connection, project: int, url: str) -> Registration:
    """Take out the entries with this URL, and their webhooks; there may be none."""
    found = [int(entry["id"]) for entry in _entries(connection, project) if same_url(entry["url"], url)]
    for number in found:
        try:
            connection.call(connection.client.ml.delete, number, where=url, timeout=TIMEOUT)
        except NotFound:
            continue
    remove_webhooks(connection, project, url)
    return Registration(None, "removed" if found else "nothing")


def _write(connection: Connection, project: int, entry: BackendEntry, known: Mapping[str, Any] | None) -> int:
    """Make or change the entry; give its id."""
    ml, body = connection.client.ml, entry.to_json(project)
    if known is None:
        try:
            return int(connection.call(ml.create, where=entry.url, repeat=False, timeout=TIMEOUT, **body).id)
        except WorkbenchError:
            # the response was lost; or it is a 403, for the webhook that goes with it, although the entry was made
            known = _find(_entries(connection, project), entry)
            if known is None:
                raise
    connection.call(ml.update, known["id"], where=entry.url, timeout=TIMEOUT, **body)
    return int(known["id"])


def _update_webhook(connection: Connection, project: int, entry: BackendEntry) -> str:
    """Leave one webhook; give why there is none, else ""."""
    if entry.login and not entry.secret:
        remove_webhooks(connection, project, entry.url)
        return "webhooks do not log in: give the server a secret, and --secret-file"
    try:
        update_webhook(connection, project, entry.url, entry.secret)
    except WorkbenchError as error:
        return f"Label Studio takes no webhook to it ({_details(error)})"
    return ""


def _entries(connection: Connection, project: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = connection.get("api/ml", {"project": project}, timeout=TIMEOUT).json
    return sorted(entries, key=lambda entry: int(entry["id"]))


def _find(entries: list[dict[str, Any]], entry: BackendEntry) -> dict[str, Any] | None:
    by_url = [other for other in entries if same_url(other["url"], entry.url)]
    by_title = [other for other in entries if other["title"] == entry.title]  # None is nobody's
    return next(iter([*by_url, *by_title]), None)


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
