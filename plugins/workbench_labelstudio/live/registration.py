"""The entry of a bundle's server among a project's models: made once, brought up to date, taken out again.

Label Studio makes a webhook for each new entry, which sends all that happens to the server without its login and with
all of its texts, and which stays when the entry goes; so it is looked after here.
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
from workbench_labelstudio.live.backend_paths import PREFIX, RETRAINS, WEBHOOK
from workbench_labelstudio.live.events import PROJECT, SECRET
from workbench_labelstudio.live.hooks import remove as remove_hook

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
class Wanted:
    """What the entry shall be.

    Args:
        url: of the bundle's server, as Label Studio reaches it.
        title: what Label Studio calls the model; None = `TITLE`, which other servers may have, too.
        login: of Basic auth; None = the server asks for none.
        secret: of the server's webhook; None = it has none.
    """

    url: str
    title: str | None = None
    login: Login | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def called(self) -> str:
        """The title that it gets."""
        return self.title or TITLE

    def entry(self, project: int) -> dict[str, Any]:
        """As the API takes it; it wants all of it in every change, the password too."""
        auth: dict[str, Any] = {"auth_method": "NONE"}
        if self.login:
            auth = {
                "auth_method": "BASIC_AUTH",
                "basic_auth_user": self.login.user,
                "basic_auth_pass": self.login.password,
            }
        return {"project": project, "url": self.url, "title": self.called, **auth}


@dataclass(frozen=True)
class Registered:
    """What came of it.

    Args:
        id: of the entry; None = there is none.
        done: `created`, `updated`, `removed` or `nothing`.
        state: in Label Studio's word, such as `Connected`; None without an entry.
        version: of the bundle that answers.
        silent: why new labels are not told to the server; "" = they are.
        others: entries of the project that Label Studio asks before this one.
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
    """The URL of the routes for Label Studio, of a server or of themselves.

    Raises:
        UsageProblem: it is no http or https URL.
    """
    url = clean_url(address)
    return url if url.endswith(PREFIX) else url + PREFIX


def register(connection: Connection, project: int, wanted: Wanted) -> Registered:
    """Make the entry, or bring it up to date: the one with this URL, else the one with the title that was given.

    Raises:
        WorkbenchError: Label Studio does not reach the server, or it does not take the project; with its own words.
    """
    entries = _entries(connection, project)
    ours = _find(entries, wanted)
    try:
        number = _write(connection, project, wanted, ours)
    except NotFound:
        raise
    except WorkbenchError as error:
        raise _explained(_said(error), wanted.url) from error
    silent = _mend_hook(connection, project, wanted)
    moved = "" if ours is None or _same(ours["url"], wanted.url) else str(ours["url"])
    if moved:
        _remove_hooks(connection, project, moved)
    now = connection.get(f"api/ml/{number}", timeout=TIMEOUT).json
    if now["state"] != CONNECTED:
        raise _explained(now["error_message"] or f"Label Studio says: {now['readable_state']}", wanted.url)
    return Registered(
        number,
        "created" if ours is None else "updated",
        now["readable_state"],
        now["model_version"],
        silent,
        tuple(str(entry["url"]) for entry in entries if entry["id"] < number),
        connection.get(f"api/projects/{project}").json["model_version"] or "",
        moved,
    )


def unregister(connection: Connection, project: int, url: str) -> Registered:
    """Take out the entries with this URL, and their webhooks; there may be none."""
    found = [int(entry["id"]) for entry in _entries(connection, project) if _same(entry["url"], url)]
    for number in found:
        try:
            connection.call(connection.client.ml.delete, number, where=url, timeout=TIMEOUT)
        except NotFound:
            continue
    _remove_hooks(connection, project, url)
    return Registered(None, "removed" if found else "nothing")


def _write(connection: Connection, project: int, wanted: Wanted, ours: Mapping[str, Any] | None) -> int:
    """Make or change the entry; its id."""
    ml, entry = connection.client.ml, wanted.entry(project)
    if ours is None:
        try:
            return int(connection.call(ml.create, where=wanted.url, repeat=False, timeout=TIMEOUT, **entry).id)
        except WorkbenchError:
            # the answer was lost; or it is a 403, for the webhook that goes with it, although the entry was made
            ours = _find(_entries(connection, project), wanted)
            if ours is None:
                raise
    connection.call(ml.update, ours["id"], where=wanted.url, timeout=TIMEOUT, **entry)
    return int(ours["id"])


def _entries(connection: Connection, project: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = connection.get("api/ml", {"project": project}, timeout=TIMEOUT).json
    return sorted(entries, key=lambda entry: int(entry["id"]))


def _find(entries: list[dict[str, Any]], wanted: Wanted) -> dict[str, Any] | None:
    by_url = [entry for entry in entries if _same(entry["url"], wanted.url)]
    by_title = [entry for entry in entries if entry["title"] == wanted.title]  # None is nobody's
    return next(iter([*by_url, *by_title]), None)


def _same(one: Any, other: str) -> bool:
    return isinstance(one, str) and one.rstrip("/") == other.rstrip("/")


def _hooks(connection: Connection, project: int, url: str) -> list[int]:
    known = connection.call(connection.client.webhooks.list, project=str(project))
    return [hook.id for hook in known if hook.id is not None and _same(hook.url, url.rstrip("/") + WEBHOOK)]


def _mend_hook(connection: Connection, project: int, wanted: Wanted) -> str:
    """Leave one webhook, which sends the names of events that matter, and the secret; why there is none, else ""."""
    if wanted.login and not wanted.secret:
        _remove_hooks(connection, project, wanted.url)
        return "webhooks do not log in: give the server a secret, and --secret-file"
    hooks, there = connection.client.webhooks, _hooks(connection, project, wanted.url)
    change: Mapping[str, Any] = {
        "url": wanted.url + WEBHOOK,
        "actions": list(RETRAINS),
        "headers": {PROJECT: str(project)} | ({SECRET: wanted.secret} if wanted.secret else {}),
        "send_for_all_actions": False,
        "send_payload": False,
        "is_active": True,
    }
    try:
        if there:
            connection.call(hooks.update, there[0], where=wanted.url, **change)
        else:
            connection.call(hooks.create, project=project, where=wanted.url, repeat=False, **change)
    except WorkbenchError as error:
        return f"Label Studio takes no webhook to it ({_said(error)})"
    for hook in there[1:]:
        remove_hook(connection, hook)
    return ""


def _remove_hooks(connection: Connection, project: int, url: str) -> None:
    for hook in _hooks(connection, project, url):
        remove_hook(connection, hook)


def _said(error: WorkbenchError) -> str:
    """All that Label Studio answered, of which the error has the beginning."""
    body = getattr(error.__cause__, "body", None)
    problems = body.get("validation_errors") if isinstance(body, Mapping) else None
    texts = [text for each in problems.values() for text in each] if isinstance(problems, Mapping) else []
    detail = body.get("detail") if isinstance(body, Mapping) else None
    return " ".join(map(str, texts)) or str(detail or error.what)


def _explained(said: str, url: str) -> WorkbenchError:
    """The error for what Label Studio says, with what to do; what our own server said is taken out of the URL."""
    if refused := REFUSED.search(said):
        why = unquote_plus(refused[1].rstrip("."))
        return WorkbenchError(f"the server does not take the project: {why}", where=url, remedy=FITS)
    plain = " ".join(re.sub(r"<[^>]*>", "", said).split()).rstrip(".")
    remedy = next((remedy for words, remedy in REMEDIES.items() if words in plain), None)
    return WorkbenchError(f"Label Studio is not connected: {plain}", where=url, remedy=remedy)
