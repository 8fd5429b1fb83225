"""A session of `watch`, from the checks before it to its orderly end."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api.engine import load_recipe, open_store
from workbench.api.io import locked, make_folder
from workbench.api.serving import BackgroundRun, exit_on_signals, run_command
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import TOKEN, URL, find_credentials
from workbench_labelstudio.live.hints import HintFile
from workbench_labelstudio.live.recipe_projects import mismatches
from workbench_labelstudio.live.watch import Watch, WatchTarget
from workbench_labelstudio.project.project import find_project
from workbench_labelstudio.pull.mirror import mirror_of

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.live.watch import Tell

ATTEMPTS = 2  # of a request: a pull that fails is repeated as a whole


@dataclass(frozen=True)
class WatchOptions:
    """The arguments and options of `workbench labelstudio watch`.

    Args:
        project: id, title or address.
        recipe: file of the recipe.
        out: folder of the run.
        url: of the server; None = see `find_credentials`.
        token_file: holds the token; None = see `find_credentials`.
        mirror: folder of the local copy; None = in the user's data folder.
        debounce: quiet seconds before a run.
        poll: seconds between two pulls without a hint.
        once: pull once, and end with the exit code of the run.
    """

    project: str
    recipe: Path
    out: Path
    url: str | None
    token_file: str | None
    mirror: str | None
    debounce: float
    poll: float
    once: bool


def run_watch(host: Host, tell: Tell, options: WatchOptions) -> int:
    """Watch a project until a signal comes; with `once`, pull once and give the exit code of the run that followed.

    Raises:
        WorkbenchError: the recipe is wrong, the folder is watched already, or the server or the project is not there.
        SystemExit: see `exit_on_signals`.
    """
    out = options.out.resolve()
    recipe = load_recipe(options.recipe, host)
    open_store(out)
    credentials = find_credentials(options.url, options.token_file)
    with exit_on_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP), contextlib.ExitStack() as stack:
        stack.enter_context(_alone(out))
        connection = stack.enter_context(Connection(credentials, attempts=ATTEMPTS))
        project = find_project(connection, options.project)
        for message in mismatches(recipe, options.recipe, project, credentials.url, options.mirror):
            tell("warning", {"message": message})
        mirror = stack.enter_context(contextlib.closing(mirror_of(connection, project, options.mirror)))
        runner = BackgroundRun(
            run_command(options.recipe, out),
            debounce=0 if options.once else options.debounce,
            log=out.with_name(f"{out.name}.log"),
            environment={URL: credentials.url, TOKEN: credentials.token},  # both: a token is bound to its server
            retry=None if options.once else options.poll,
        )
        stack.callback(runner.close)
        target = WatchTarget(options.recipe, out, watch_name(out))
        watch = Watch(connection, project, mirror, runner, target, tell)
        if options.once:
            return watch.once()
        hints = stack.enter_context(HintFile(project.id, target.name))
        if hints.trouble:
            tell("warning", {"message": f"a server's hints do not reach this watch, its polls go on ({hints.trouble})"})
        about = {"project": project.id, "title": project.title, "server": credentials.url, "poll": options.poll}
        tell("watching", about)
        watch.follow(options.poll, hints)
    raise AssertionError("follow ends with a signal or an error")


def watch_name(run: Path) -> str:
    """Give a name for the watch of a run folder on this machine, the same after a restart; it gives neither away."""
    return hashlib.sha256(f"{platform.node()}:{run.resolve()}".encode()).hexdigest()[:16]


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other watches from the same run.

    Raises:
        WorkbenchError: another watch has it.
    """
    place = out.with_name(f".{out.name}.watch")
    make_folder(place)
    with locked(place, where=out, remedy="End that watch, or give another -o"):
        yield
