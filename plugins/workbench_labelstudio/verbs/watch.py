"""`workbench labelstudio watch`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import say
from workbench_labelstudio.verbs.server import MIRROR, PROJECT, server

if TYPE_CHECKING:
    from workbench.api import Host


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @PROJECT
    @click.argument("recipe", type=click.Path(path_type=Path))
    @click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The run's folder.")
    @server
    @MIRROR
    @click.option("--debounce", type=click.FloatRange(0), default=30, show_default=True, help="Quiet seconds.")
    @click.option("--poll", type=click.FloatRange(1), default=300, show_default=True, help="Seconds between looks.")
    @click.option("--host", "address", default="127.0.0.1", show_default=True, help="Where webhooks are received.")
    @click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
    @click.option("--public-url", metavar="URL", help="How Label Studio reaches --host and --port, if it is otherwise.")
    @click.option("--secret-file", metavar="FILE", help="Mode 0600: what webhooks must know, in ASCII.")
    @click.option("--no-webhook", is_flag=True, help="Register no webhook; look every --poll seconds only.")
    @click.option("--once", is_flag=True, help="Look once, train if labels changed, and end with its exit code.")
    @click.option("--json", "as_json", is_flag=True, help="Print what happens as JSON, an object a line.")
    @click.pass_context
    def watch(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
        """Run RECIPE whenever labels of PROJECT change, until a SIGTERM, a SIGHUP or Ctrl-C.

        PROJECT is an id, a title or the address of the project's page. The RECIPE should import the project with the
        reader `labelstudio`, and with the same --mirror if one is given; it runs in a process of its own, at low
        priority, with this program's server and token, and its output goes to the file OUT.log. It runs at the start,
        too, unless OUT was made from the same labels and recipe, and when RECIPE was changed. It begins after
        --debounce quiet seconds, at the latest ten times as long after the first change; labels that change while it
        runs lead to one more run. A run that fails is tried again after --poll seconds, each time twice as long. When
        this program ends it ends the run as well; the next start goes on from there. One watch at a time can have OUT.

        A webhook at the project tells when to look. Its requests hold no text and are only hints, of which Label Studio
        sends each one once: what they leave out is found by the look every --poll seconds, which costs a few small
        requests. What decides is whether labels really changed: other changes, and repeated or forged requests, train
        nothing. The webhook is removed at the end, and after a crash it is found again at the next start.

        Label Studio must be able to reach the receiver: by --host and --port where it runs on the same machine, else
        give --public-url. Unless it was started with SSRF_PROTECTION_ENABLED=false, it takes no address of its own
        machine or of a private network, which a warning tells. When its requests do not get through later, nothing
        tells: the look every --poll seconds is what remains.

        GET /status at the receiver's address tells how it stands: the last hint, the last look, the training; with
        --public-url, or from elsewhere, to those alone who send the secret in the header X-Workbench-Secret.

        \b
        Example:
          workbench labelstudio watch 3 recipe.toml -o runs/live
        """
        from workbench.api import resolve

        run = resolve("workbench_labelstudio.live.session:run_watch", "labelstudio")
        ctx.exit(run(host, _tell_json if as_json else _tell, **options))


def _tell_json(event: str, about: dict[str, Any]) -> None:
    click.echo(json.dumps({"event": event, **about}, ensure_ascii=False))


def _tell(event: str, about: dict[str, Any]) -> None:
    say(LINES[event](about))


def _watching(about: dict[str, Any]) -> str:
    where = f"project {about['project']} ({about['title']}) at {about['server']}"
    how = f"webhook {about['webhook']}" if about["webhook"] else "no webhook"
    status = f"; status at {about['receiver']}/status" if about["receiver"] else ""
    return f"Watching {where}: {how}, a look every {about['poll']:g} s{status}"


def _pulled(about: dict[str, Any]) -> str:
    then = "the recipe runs soon" if about["train"] else "no label changed"
    counts = f"{about['added']:,} added, {about['changed']:,} changed, {about['removed']:,} removed"
    return "\n".join([f"{about['at']} tasks: {counts}; {about['labelled']:,} labelled: {then}", *about["findings"]])


def _trained(about: dict[str, Any]) -> str:
    told = f": {about['message']}" if about["state"] != "succeeded" else ""
    return f"{about['since']} run {about['state']} after {about['seconds']:g} s, exit code {about['exit_code']}{told}"


LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "watching": _watching,
    "pulled": _pulled,
    "training": _trained,
    "trouble": lambda about: f"{about['at']} {about['message']}",
    "warning": lambda about: f"Warning: {about['message']}",
}
