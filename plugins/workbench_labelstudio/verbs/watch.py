"""`workbench labelstudio watch`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import collect, say
from workbench_labelstudio.options import WatchOptions
from workbench_labelstudio.verbs.server import PROJECT, server_options

if TYPE_CHECKING:
    from workbench.api import Host


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @PROJECT
    @click.argument("recipe", type=click.Path(path_type=Path))
    @click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The run's folder.")
    @click.option("--json", "as_json", is_flag=True, help="Print events as JSON, an object per line.")
    @click.pass_context
    def watch(ctx: click.Context, /, project: str, recipe: Path, out: Path, as_json: bool, **values: Any) -> None:
        """Run RECIPE whenever labels of PROJECT change, until a SIGTERM, a SIGHUP or Ctrl-C.

        PROJECT is an id, a title or the address of the project's page. The RECIPE should import the project with the
        reader `labelstudio`, and with the same --mirror if one is given. It runs in a process of its own, at low
        priority, with this program's server and token, and its output goes to the file OUT.log.

        RECIPE runs at the start, unless OUT was made from the same labels and recipe, and when its file was changed. A
        run begins after --debounce quiet seconds, at the latest ten times as long after the first change. Labels that
        change during a run lead to one more run. A run that fails is repeated after --poll seconds, each time twice as
        long. The end of this program ends the run as well; the next start goes on from there. One watch at a time can
        have OUT. This program ends with an error when PROJECT was deleted, or when the server has another project under
        its id.

        Changes are found by a pull every --poll seconds, which costs a few small requests. With a server on the same
        machine they are found within seconds: `workbench serve --with label-studio`, run by the same user, passes on
        the events of the webhook that `workbench labelstudio backend` registers. Its events are only hints: the labels
        themselves decide, so repeated or forged events train nothing.

        \b
        Example:
          workbench labelstudio watch 3 recipe.toml -o runs/live
        """
        from workbench.api import resolve

        options = collect(WatchOptions, values)
        run = resolve("workbench_labelstudio.live.watch_session:run_watch", "labelstudio")
        target = resolve("workbench_labelstudio.live.watch:WatchTarget", "labelstudio")(recipe, out.resolve())
        ctx.exit(run(host, project, target, options, _tell_json if as_json else _tell))

    watch.params += server_options(WatchOptions)


def _tell_json(event: str, about: dict[str, Any]) -> None:
    click.echo(json.dumps({"event": event, "at": _now(), **about}, ensure_ascii=False))


def _tell(event: str, about: dict[str, Any]) -> None:
    if event in LINES and (line := LINES[event](about)):  # a hint needs no words
        say(f"{_now()} {line}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _watching(about: dict[str, Any]) -> str:
    where = f"project {about['project']} ({about['title']}) at {about['server']}"
    return f"Watching {where}: a pull every {about['poll']:g} s, and when a server on this machine hears of a change"


def _pulled(about: dict[str, Any]) -> str:
    if not (about["train"] or about["added"] or about["changed"] or about["removed"]):
        return ""
    then = "the recipe runs soon" if about["train"] else "no label changed"
    counts = f"{about['added']:,} added, {about['changed']:,} changed, {about['removed']:,} removed"
    return "\n".join([f"tasks: {counts}; {about['labelled']:,} labelled: {then}", *about["findings"]])


def _trained(about: dict[str, Any]) -> str:
    why = f": {about['message']}" if about["state"] != "succeeded" else ""
    return f"run {about['state']} after {about['seconds']:g} s, exit code {about['exit_code']}{why}"


LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "watching": _watching,
    "pulled": _pulled,
    "training": _trained,
    "trouble": lambda about: str(about["message"]),
    "warning": lambda about: f"Warning: {about['message']}",
}
