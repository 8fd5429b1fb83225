"""A session of `watch`, from the checks before it to its orderly end: what is begun is undone in the reverse order."""

from __future__ import annotations

import contextlib
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.engine.recipe import load_recipe
from workbench.engine.store import open_store
from workbench.errors import UsageProblem, WorkbenchError
from workbench_labelstudio.live.hooks import name_of, register, remove
from workbench_labelstudio.live.loopback import is_loopback
from workbench_labelstudio.live.receiver import PATH, create_app, listen, receiving, url_of
from workbench_labelstudio.live.training import Training, retrain_command
from workbench_labelstudio.live.watch import Watch
from workbench_labelstudio.sync.connection import Connection
from workbench_labelstudio.sync.credentials import TOKEN, URL, Credentials, clean_url, find_credentials, refuse_open
from workbench_labelstudio.sync.mirror import mirror_of
from workbench_labelstudio.sync.project import find_project

if TYPE_CHECKING:
    from workbench.host import Host
    from workbench_labelstudio.live.watch import Tell

READER = "labelstudio"
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
        WorkbenchError: the recipe is wrong, the server or the project is not there, or nobody can listen there.
        SystemExit: with 0 on SIGTERM, 130 on Ctrl-C.
    """
    _check(recipe, host, tell)
    open_store(out)
    receiver = None
    if not (once or no_webhook):
        receiver = _receiver(address, port, public_url, secret_file)
    credentials = find_credentials(url, token_file)
    with _ended_by_signals(), contextlib.ExitStack() as stack:
        connection = stack.enter_context(Connection(credentials, attempts=ATTEMPTS))
        found = find_project(connection, project)
        local = stack.enter_context(contextlib.closing(mirror_of(connection, found, mirror)))
        training = Training(
            retrain_command(recipe, out),
            debounce=0 if once else debounce,
            log=out.with_name(f"{out.name}.log"),
            environment={URL: credentials.url} | ({TOKEN: credentials.token} if token_file else {}),
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


def _check(recipe: Path, host: Host, tell: Tell) -> None:
    readers = [step.name for step in load_recipe(recipe, host).imports]
    if READER not in readers:
        named = ", ".join(readers) or "none"
        tell("warning", {"message": f"{recipe} does not import with the reader {READER!r}, but with: {named}"})


def _receiver(address: str, port: int, public_url: str | None, secret_file: str | None) -> Receiver:
    if address in EVERYWHERE and not public_url:
        raise UsageProblem(f"Label Studio cannot call {address}", where="--host", remedy="Give --public-url as well")
    secret = _read_secret(Path(secret_file).expanduser()) if secret_file else secrets.token_urlsafe(32)
    return Receiver(address, port, clean_url(public_url) if public_url else None, secret)


def _read_secret(path: Path) -> str:
    if not path.is_file():
        raise WorkbenchError("there is no such file", where=path, remedy="Write the secret into it, mode 0600")
    refuse_open(path)
    secret = path.read_text(encoding="utf-8", errors="replace").strip()
    if not (secret.isascii() and secret.isprintable() and secret):
        raise WorkbenchError("holds no secret", where=path, remedy="Write one line of ASCII characters into it")
    return secret


@contextlib.contextmanager
def _received(
    receiver: Receiver, credentials: Credentials, connection: Connection, watch: Watch, name: str, tell: Tell
) -> Iterator[dict[str, Any]]:
    """Hear webhooks while the block lasts; gives the receiver's URL, and the webhook's id if there is one."""
    project = watch.project.id
    app = create_app(project, receiver.secret, watch.hint, watch.status)
    with listen(receiver.address, receiver.port) as listener, receiving(app, listener):
        own = url_of(listener)
        hook = None
        try:
            if receiver.public_url is None and is_loopback(receiver.address) and not _is_here(connection.url):
                raise WorkbenchError("it runs on another machine, which does not reach this address", where=own)
            hook = register(connection, project, (receiver.public_url or own) + PATH, receiver.secret, name)
        except WorkbenchError as error:
            what = f"Label Studio gets no webhook, so --poll alone tells of changes: {error}"
            tell("warning", {"message": f"{what} {RESERVED_REMEDY}" if RESERVED in str(error) else what})
        try:
            yield {"receiver": own, "webhook": hook}
        finally:
            if hook is not None:
                _unhook(credentials, hook, tell)


def _is_here(url: str) -> bool:
    return is_loopback(httpx.URL(url).host)


def _unhook(credentials: Credentials, hook: int, tell: Tell) -> None:
    try:
        with Connection(credentials, timeout=LAST_WORD, attempts=1) as connection:
            remove(connection, hook)
    except WorkbenchError as error:
        tell("warning", {"message": f"webhook {hook} is still there; the next start takes it over: {error}"})


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    before = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: Any) -> None:
    raise SystemExit(0 if number == signal.SIGTERM else 130)
