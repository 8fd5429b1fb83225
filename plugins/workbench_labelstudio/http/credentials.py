"""Which server, and the token for it: from options, the environment, or a file that only its owner can read.

A token is bound to a server: one from the environment or the file is never sent to another.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from workbench.api import UsageProblem, WorkbenchError
from workbench.api.io import check_shape, make_folder, read_json, read_source, replace_text

URL, TOKEN, FOLDER = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "XDG_CONFIG_HOME"  # names of variables
CONNECT = "workbench labelstudio connect URL"
GET_A_TOKEN = "In Label Studio: Account & Settings, Personal Access Token"
FORM = "Give it as https://host[:port][/path]"


@dataclass(frozen=True)
class Credentials:
    """A server and a token for it.

    Args:
        url: of the server, a sub-path included, without a slash at its end.
        token: personal access token or legacy token; it stands in no message.

    Raises:
        WorkbenchError: that is no token.
    """

    url: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        clean_token(self.token, self.url)


def find_credentials(url: str | None = None, token_file: str | None = None, *, named: bool = True) -> Credentials:
    """The server and its token: what is given, else the environment, else what `connect` stored.

    Args:
        url: of the server; None = the environment's, else the one connected last.
        token_file: a file that holds the token, "-" = standard input; None = look for one.
        named: whether the user named the URL; a recipe may come from elsewhere, and must not say where a token goes.

    Raises:
        UsageProblem: the URL is none.
        WorkbenchError: there is no server or no token for it, or others can read the file.
    """
    tokens = stored()
    chosen = url or os.environ.get(URL) or next(reversed(tokens), None)
    if not chosen:
        raise WorkbenchError("no Label Studio server is known", remedy=f"Run: {CONNECT}, or set {URL} and {TOKEN}")
    chosen = clean_url(chosen)
    token = read_token(token_file) if token_file else token_of_environment(chosen, given=bool(url) and named)
    if token := token or tokens.get(chosen):
        return Credentials(chosen, token)
    remedy = f"Run: {CONNECT.replace('URL', chosen)}, or set {TOKEN}{'' if named else f' and {URL}'}"
    raise WorkbenchError("there is no token for this server", where=chosen, remedy=remedy)


def token_of_environment(url: str, *, given: bool) -> str | None:
    """The environment's token, if it is one for this server.

    Args:
        url: of the server, cleaned.
        given: the user named this server; a token without a server of its own then is for it.

    Raises:
        WorkbenchError: it is no token.
    """
    token, meant_for = os.environ.get(TOKEN, "").strip(), os.environ.get(URL)
    is_for_it = clean_url(meant_for) == url if meant_for else given
    return clean_token(token, TOKEN) if token and is_for_it else None


def clean_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        UsageProblem: it is no http or https URL, or it holds a password or a query; what stands there is not repeated,
            since it may be a token.
    """
    import httpx

    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        raise UsageProblem("the address of the server is no URL", remedy=FORM) from None
    if parsed.scheme not in ("http", "https") or not parsed.host or not 0 < (parsed.port or 80) < 65536:
        raise UsageProblem("the address of the server is no http or https URL", remedy=FORM)
    bare = parsed.copy_with(userinfo=b"", query=None, fragment=None)
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise UsageProblem("the URL has more than host, port and path", where=bare, remedy="Leave the rest out")
    return str(bare).rstrip("/")


def read_token(file: str) -> str:
    """The token in a file, or on standard input for "-".

    Raises:
        WorkbenchError: there is none, or others can read the file.
    """
    if file == "-":
        return clean_token(sys.stdin.readline(), "standard input")
    path = Path(file).expanduser()
    text = read_source(path)
    refuse_open(path)
    return clean_token(text, file)


def clean_token(text: str, where: object) -> str:
    """The token without white space around it.

    Raises:
        WorkbenchError: it is none, by its characters; such a one would stand in the error of the HTTP library.
    """
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise WorkbenchError("holds no token", where=where, remedy=GET_A_TOKEN)
    return token


def refuse_open(path: Path) -> None:
    """Raise if anybody but the owner may read or write a file."""
    if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        what = f"others can read this file (mode {mode:04o}), which holds a secret"
        raise WorkbenchError(what, where=path, remedy=f"chmod 600 {path}")


def store(credentials: Credentials) -> Path:
    """Remember a token, in a file that its owner alone can read. Its server becomes the one used by default."""
    others = {url: token for url, token in stored().items() if url != credentials.url}
    return _write({**others, credentials.url: credentials.token})


def forget(url: str) -> Path:
    """Remove what is known of a server, its token too.

    Raises:
        UsageProblem: nothing is known of it.
    """
    tokens = stored()
    if tokens.pop(url, None) is None:
        known = ", ".join(tokens) or "there are none"
        raise UsageProblem("no token is stored for this server", where=url, remedy=f"Known: {known}")
    return _write(tokens)


def place() -> Path:
    """The file that holds the tokens."""
    return Path(os.environ.get(FOLDER) or Path.home() / ".config") / "intent-workbench" / "labelstudio.json"


def stored() -> dict[str, str]:
    """The tokens by server; the server that was connected last stands at the end.

    Raises:
        WorkbenchError: the file is damaged, or others can read it.
    """
    path = place()
    if not path.is_file():
        return {}
    refuse_open(path)
    value = read_json(path)
    check_shape(value, {"tokens": dict}, path)
    return {url: clean_token(str(token), path) for url, token in value["tokens"].items()}


def _write(tokens: dict[str, str]) -> Path:
    path = place()
    make_folder(path.parent)
    before = os.umask(0o077)
    try:
        replace_text(path, json.dumps({"tokens": tokens}, indent=1) + "\n")
    finally:
        os.umask(before)
    return path
