"""A session of `watch`, from the checks before it to its orderly end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api.engine import load_recipe, open_store
from workbench.api.io import locked, make_folder
from workbench.api.serving import BackgroundRun, exit_on_signals, run_command
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import TOKEN, URL, find_credentials
from workbench_labelstudio.live.hints import Hints
from workbench_labelstudio.live.recipe_projects import mismatches
from workbench_labelstudio.live.watch import Watch, WatchTarget
from workbench_labelstudio.project.project import find_project
from workbench_labelstudio.pull.mirror import mirror_of

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.live.watch import Tell
    from workbench_labelstudio.options import WatchOptions

ATTEMPTS = 2  # of a request: a pull that fails is repeated as a whole


def run_watch(host: Host, named: str, target: WatchTarget, options: WatchOptions, tell: Tell) -> int:
    """Watch a project until a signal comes; with `once`, pull once and give the exit code of the run that followed.

    Args:
        host: the plugins.
        named: the project's id, title or address.
        target: the recipe and its run.
        options: of the verb.
        tell: see `Watch`; also called with the events `warning` and `watching`.

    Raises:
        WorkbenchError: the recipe is wrong, the folder is watched already, or the server or the project is not there.
        SystemExit: see `exit_on_signals`.
    """
    recipe = load_recipe(target.recipe, host)
    open_store(target.run)
    credentials = find_credentials(options.url, options.token_file)
    with exit_on_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP), contextlib.ExitStack() as stack:
        stack.enter_context(_alone(target.run))
        connection = stack.enter_context(Connection(credentials, attempts=ATTEMPTS))
        project = find_project(connection, named)
        for message in mismatches(recipe, target.recipe, project, credentials.url, options.mirror):
            tell("warning", {"message": message})
        mirror = stack.enter_context(contextlib.closing(mirror_of(connection, project, options.mirror)))
        runner = BackgroundRun(
            run_command(target.recipe, target.run),
            debounce=0 if options.once else options.debounce,
            log=target.run.with_name(f"{target.run.name}.log"),
            environment={URL: credentials.url, TOKEN: credentials.token},  # both: a token is bound to its server
            retry=None if options.once else options.poll,
        )
        stack.callback(runner.close)
        watch = Watch(connection, project, mirror, runner, target, tell)
        if options.once:
            return watch.once()
        hints = Hints(project.id)
        if hints.trouble:
            tell("warning", {"message": f"a server's hints do not reach this watch, its polls go on ({hints.trouble})"})
        about = {"project": project.id, "title": project.title, "server": credentials.url, "poll": options.poll}
        tell("watching", about)
        watch.follow(options.poll, hints)
    raise AssertionError("follow ends with a signal or an error")


@contextlib.contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Keep other watches from the same run.

    Raises:
        WorkbenchError: another watch has it.
    """
    place = run.with_name(f".{run.name}.watch")
    make_folder(place)
    with locked(place, where=run, remedy="End that watch, or give another -o"):
        yield
