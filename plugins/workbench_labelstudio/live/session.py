"""A session of `watch`, from the checks before it to its orderly end: what is begun is undone in the reverse order."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.engine import load_recipe, open_store
from workbench.api.io import locked, make_folder
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import TOKEN, URL, Credentials, clean_url, find_credentials
from workbench_labelstudio.live.fit import misfits
from workbench_labelstudio.live.hooks import name_of, register, remove_named
from workbench_labelstudio.live.loopback import is_loopback
from workbench_labelstudio.live.receiver import PATH, create_app, listen, receiving, url_of
from workbench_labelstudio.live.settings import read_secret
from workbench_labelstudio.live.signals import ended_by_signals
from workbench_labelstudio.live.training import Training, retrain_command
from workbench_labelstudio.live.watch import Watch
from workbench_labelstudio.project.project import find_project
from workbench_labelstudio.pull.mirror import mirror_of

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.live.watch import Tell

ATTEMPTS = 2  # of a request: a look that fails is repeated as a whole
LAST_WORD = 5.0  # seconds for the server to answer when the webhook is removed
RESERVED = "reserved network address"  # how Label Studio refuses an address of its own machine or a private network
RESERVED_REMEDY = "Start Label Studio with SSRF_PROTECTION_ENABLED=false, or give a public address as --public-url"
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Receiver:
    """Where webhooks come in.

    Args:
        address: to listen at.
        port: 0 takes a free one.
        public_url: how Label Studio reaches it; None = by address and port.
        secret: what webhooks must know.
    """

    address: str
    port: int
    public_url: str | None
    secret: str


def run_watch(
    host: Host,
    tell: Tell,
    *,
    project: str,
    recipe: Path,
    out: Path,
    url: str | None,
    token_file: str | None,
    mirror: str | None,
    debounce: float,
    poll: float,
    address: str,
    port: int,
    public_url: str | None,
    secret_file: str | None,
    no_webhook: bool,
    once: bool,
) -> int:
    """Watch a project until a signal comes; with `once`, look once, and the exit code of the run that followed.

    Raises:
        WorkbenchError: the recipe is wrong, the folder is watched already, the server or the project is not there, or
            nobody can listen there.
        SystemExit: see `ended_by_signals`.
    """
    out = out.resolve()
    read = load_recipe(recipe, host)
    open_store(out)
    receiver = None
    if not (once or no_webhook):
        receiver = _receiver(address, port, public_url, secret_file)
    credentials = find_credentials(url, token_file)
    with ended_by_signals(), contextlib.ExitStack() as stack:
        stack.enter_context(_alone(out))
        connection = stack.enter_context(Connection(credentials, attempts=ATTEMPTS))
        found = find_project(connection, project)
        for message in misfits(read, recipe, found, credentials.url, mirror):
            tell("warning", {"message": message})
        local = stack.enter_context(contextlib.closing(mirror_of(connection, found, mirror)))
        training = Training(
            retrain_command(recipe, out),
            debounce=0 if once else debounce,
            log=out.with_name(f"{out.name}.log"),
            environment={URL: credentials.url, TOKEN: credentials.token},  # both: a token is bound to its server
            retry=None if once else poll,
        )
        stack.callback(training.close)
        watch = Watch(connection, found, local, training, recipe=recipe, run=out, tell=tell)
        if once:
            return watch.once()
        about: dict[str, Any] = {"project": found.id, "title": found.title, "server": credentials.url, "poll": poll}
        about |= {"receiver": None, "webhook": None}
        if receiver:
            about |= stack.enter_context(_received(receiver, credentials, connection, watch, name_of(out), tell))
        tell("watching", about)
        watch.follow(poll)
    raise AssertionError("follow ends with a signal or an error")


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep others from watching into the same run: two would take the webhook from each other.

    Raises:
        WorkbenchError: somebody does already.
    """
    place = out.with_name(f".{out.name}.watch")
    make_folder(place)
    with locked(place, where=out, remedy="End that watch, or give another -o"):
        yield


def _receiver(address: str, port: int, public_url: str | None, secret_file: str | None) -> Receiver:
    if address in EVERYWHERE and not public_url:
        raise UsageProblem(f"Label Studio cannot call {address}", where="--host", remedy="Give --public-url as well")
    secret = read_secret(secret_file, "--secret-file") if secret_file else secrets.token_urlsafe(32)
    return Receiver(address, port, clean_url(public_url) if public_url else None, secret)


@contextlib.contextmanager
def _received(
    receiver: Receiver, credentials: Credentials, connection: Connection, watch: Watch, name: str, tell: Tell
) -> Iterator[dict[str, Any]]:
    """Hear webhooks while the block lasts; gives the receiver's URL, and the webhook's id if there is one."""
    project = watch.project.id
    app = create_app(project, receiver.secret, watch.hint, watch.status, public=receiver.public_url is not None)
    with listen(receiver.address, receiver.port) as listener, receiving(app, listener), contextlib.ExitStack() as stack:
        own = url_of(listener)
        hook = None
        try:
            if receiver.public_url is None and is_loopback(receiver.address) and not _is_here(connection.url):
                raise WorkbenchError("it runs on another machine, which does not reach this address", where=own)
            stack.callback(_unhook, credentials, name, tell)
            hook = register(connection, project, (receiver.public_url or own) + PATH, receiver.secret, name)
        except WorkbenchError as error:
            what = f"Label Studio gets no webhook, so --poll alone tells of changes: {error}"
            tell("warning", {"message": f"{what} {RESERVED_REMEDY}" if RESERVED in str(error) else what})
        yield {"receiver": own, "webhook": hook}


def _is_here(url: str) -> bool:
    return is_loopback(httpx.URL(url).host)


def _unhook(credentials: Credentials, name: str, tell: Tell) -> None:
    """Remove the webhook by its name: a signal may have come before the server's answer told its id."""
    try:
        with Connection(credentials, timeout=LAST_WORD, attempts=1) as connection:
            remove_named(connection, name)
    except WorkbenchError as error:
        tell("warning", {"message": f"the webhook may still be there; the next start takes it over: {error}"})
