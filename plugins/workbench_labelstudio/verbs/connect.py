"""`workbench labelstudio connect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.cli import JSON, echo_json, say, table_lines
from workbench.api.review import Summary

if TYPE_CHECKING:
    from workbench.api import Host


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @click.argument("url", required=False)
    @click.option(
        "--token-file",
        metavar="FILE",
        help='A file, mode 0600, that holds the token; "-" is standard input. Without it you are asked for the token.',
    )
    @click.option("--forget", is_flag=True, help="Remove what is stored for URL.")
    @JSON
    def connect(url: str | None, token_file: str | None, forget: bool, as_json: bool) -> None:
        """Store the token for a Label Studio server, once the server has accepted it.

        URL is the address of the server's start page, with its sub-path if it has one: https://host[:port][/path].
        The token is made in Label Studio: Account & Settings, Personal Access Token; legacy tokens work where the
        organization allows them. It is asked for on the terminal and does not show; a script gives it in a file, on
        standard input, or in the variable LABEL_STUDIO_API_KEY. There is no option that takes the token itself: it
        would show in the list of processes.

        It is stored in ~/.config/intent-workbench/labelstudio.json, which only you can read, and is never sent to
        another server. The other verbs use the server that was connected last; LABEL_STUDIO_URL and --url name
        another. The token in LABEL_STUDIO_API_KEY is for the server in LABEL_STUDIO_URL, or without that for the one
        that --url names; for that server it is used instead of the stored one.

        Without URL: what is known, without the tokens.
        """
        if url is None and (forget or token_file):
            raise UsageProblem("--forget and --token-file need the URL of a server")
        done = _known() if url is None else _forgotten(url) if forget else _connected(url, token_file)
        if as_json:
            echo_json(done.figures)
        else:
            click.echo("\n".join(done.words))


def _connected(url: str, token_file: str | None) -> Summary:
    from workbench.api import resolve
    from workbench_labelstudio.http import credentials

    identify = resolve("workbench_labelstudio.http.identity:identify", "labelstudio")
    url = credentials.clean_url(url)
    known = credentials.Credentials(url, credentials.read_token(token_file) if token_file else _ask(url))
    about = {**identify(known), **_facts(known.token)}
    about["stored"] = str(credentials.store(known))
    user = about["user"]
    name = " ".join(filter(None, (user["name"], user["email"] and f"<{user['email']}>")))
    words = (
        f"Connected to {url} (Label Studio {about['version']})",
        f"  as {name}, user {user['id']}, who sees {about['projects']:,} projects",
        f"  with a {about['kind']} token, {_ending(about['ends'])}",
        f"  stored in {about['stored']}",
    )
    return Summary(words, about)


def _ask(url: str) -> str:
    from workbench_labelstudio.http import credentials

    if sys.stdin.isatty():
        say(f"{credentials.GET_A_TOKEN}.")
        return credentials.clean_token(click.prompt("Token", hide_input=True, err=True), "what was typed")
    if token := credentials.token_of_environment(url, given=True):
        return token
    raise WorkbenchError(
        "no token was given, and there is no terminal to ask on",
        where=url,
        remedy=f"Give --token-file FILE, or --token-file - with it on standard input, or set {credentials.TOKEN}",
    )


def _forgotten(url: str) -> Summary:
    from workbench_labelstudio.http import credentials

    url = credentials.clean_url(url)
    path = credentials.forget(url)
    words = f"Forgotten: {url}. The token itself is valid until it is revoked in Label Studio."
    return Summary((words,), {"forgotten": url, "stored": str(path)})


def _known() -> Summary:
    from workbench_labelstudio.http import credentials

    servers = [{"url": url, **_facts(token)} for url, token in credentials.stored().items()]
    words = [f"No server is connected. Run: {credentials.CONNECT}"]
    if servers:
        words = table_lines(
            ("server", "token", ""), [[one["url"], one["kind"], _ending(one["ends"])] for one in servers]
        )
        words.append(f"Without --url the verbs use {servers[-1]['url']}.")
    return Summary(tuple(words), {"servers": servers, "file": str(credentials.place())})


def _facts(token: str) -> dict[str, Any]:
    """`kind` of a token (personal or legacy), and when it `ends`, ISO 8601; None = the token does not say."""
    from workbench.api import resolve

    kind, ends = resolve("workbench_labelstudio.http.auth:token_facts", "labelstudio")(token)
    return {"kind": kind, "ends": ends and ends.isoformat(timespec="seconds")}


def _ending(ends: str | None) -> str:
    return f"ends {ends[:10]}" if ends else "without an end"
