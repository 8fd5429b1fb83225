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

from workbench.errors import UsageProblem, WorkbenchError
from workbench.files import make_folder, read_json, replace_text
from workbench.shapes import check_shape

URL, TOKEN, FOLDER = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "XDG_CONFIG_HOME"  # names of variables
CONNECT = "workbench labelstudio connect URL"
GET_A_TOKEN = "In Label Studio: Account & Settings, Personal Access Token"


@dataclass(frozen=True)
class Credentials:
    """A server and a token for it.

    Args:
        url: of the server, a sub-path included, without a slash at its end.
        token: personal access token or legacy token; it stands in no message.
    """

    url: str
    token: str = field(repr=False)


def find_credentials(url: str | None = None, token_file: str | None = None) -> Credentials:
    """The server and its token: what is given, else the environment, else what `connect` stored.

    Args:
        url: of the server; None = the environment's, else the one connected last.
        token_file: a file that holds the token, "-" = standard input; None = look for one.

    Raises:
        UsageProblem: the URL is none.
        WorkbenchError: there is no server or no token for it, or others can read the file.
    """
    tokens, last = _stored()
    chosen = url or os.environ.get(URL) or last
    if not chosen:
        raise WorkbenchError("no Label Studio server is known", remedy=f"Run: {CONNECT}, or set {URL} and {TOKEN}")
    chosen = clean_url(chosen)
    if token := _token(chosen, token_file, tokens):
        return Credentials(chosen, token)
    raise WorkbenchError("there is no token for this server", where=chosen, remedy=f"Run: {CONNECT}, or set {TOKEN}")


def _token(url: str, token_file: str | None, known: dict[str, str]) -> str | None:
    if token_file:
        return read_token(token_file)
    token, meant_for = os.environ.get(TOKEN, "").strip(), os.environ.get(URL)
    return token if token and (not meant_for or clean_url(meant_for) == url) else known.get(url)


def clean_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        UsageProblem: it is no http or https URL, or it holds a password or a query.
    """
    import httpx

    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        raise UsageProblem("is no URL", where=url, remedy="Give it as https://host[:port][/path]") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageProblem("is no http or https URL", where=url, remedy="Give it as https://host[:port][/path]")
    if parsed.userinfo or parsed.query or parsed.fragment:
        bare = parsed.copy_with(userinfo=b"", query=None, fragment=None)
        raise UsageProblem("the URL has more than host, port and path", where=bare, remedy="Leave the rest out")
    return str(parsed).rstrip("/")


def read_token(file: str) -> str:
    """The token in a file, or on standard input for "-".

    Raises:
        WorkbenchError: there is none, or others can read the file.
    """
    if file == "-":
        text = sys.stdin.readline()
    else:
        path = Path(file).expanduser()
        if not path.is_file():
            raise WorkbenchError("there is no such file", where=path, remedy="Write the token into it, mode 0600")
        refuse_open(path)
        text = path.read_text(encoding="utf-8", errors="replace")
    token = text.strip()
    if not token or not token.isascii() or any(character.isspace() for character in token):
        raise WorkbenchError("holds no token", where=file, remedy=GET_A_TOKEN)
    return token


def refuse_open(path: Path) -> None:
    """Raise if anybody but the owner may read or write a file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WorkbenchError(
            f"others can read this file (mode {mode:04o}), which holds a secret",
            where=path,
            remedy=f"chmod 600 {path}",
        )


def store(credentials: Credentials) -> Path:
    """Remember a token; the file is readable by its owner alone. Its server becomes the one used by default."""
    path = _place()
    tokens, _ = _stored()
    tokens[credentials.url] = credentials.token
    make_folder(path.parent)
    path.touch(mode=0o600)
    before = os.umask(0o077)
    try:
        replace_text(path, json.dumps({"tokens": tokens, "last": credentials.url}, indent=1) + "\n")
    finally:
        os.umask(before)
    return path


def _place() -> Path:
    folder = os.environ.get(FOLDER)
    return (Path(folder) if folder else Path.home() / ".config") / "intent-workbench" / "labelstudio.json"


def _stored() -> tuple[dict[str, str], str]:
    """The tokens by server, and the server that was connected last; "" for none."""
    path = _place()
    if not path.is_file():
        return {}, ""
    refuse_open(path)
    value = read_json(path)
    check_shape(value, {"tokens": dict, "last": str}, path)
    return dict(value["tokens"]), value["last"]
