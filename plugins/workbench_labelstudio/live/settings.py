"""Settings of the routes for Label Studio, from the environment of the server."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.api import UsageProblem
from workbench_labelstudio.http.credentials import refuse_open

PREFIX = "WORKBENCH_LABELSTUDIO_"
USER, PASSWORD, SECRET = f"{PREFIX}USER", f"{PREFIX}PASSWORD", f"{PREFIX}SECRET"
RECIPE, RUN, QUIET = f"{PREFIX}RECIPE", f"{PREFIX}RUN", f"{PREFIX}QUIET"
FILE = "_FILE"
KNOWN = {USER, PASSWORD, PASSWORD + FILE, SECRET, SECRET + FILE, RECIPE, RUN, QUIET}
SECONDS = 60.0


@dataclass(frozen=True)
class Login:
    """Name and password of Basic auth."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Settings of the routes for Label Studio.

    Args:
        login: of Label Studio's requests; None = only this machine may send any.
        secret: of webhooks, in the header `X-Workbench-Secret`; such a request needs no login.
        recipe: that a retraining runs; None = there is no retraining.
        run: the run's folder.
        quiet: seconds without another new label, after which a retraining begins.
    """

    login: Login | None = None
    secret: str | None = field(default=None, repr=False)
    recipe: Path | None = None
    run: Path | None = None
    quiet: float = SECONDS


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. A variable that is empty is not set.

    `WORKBENCH_LABELSTUDIO_USER` and `…_PASSWORD`, or `…_PASSWORD_FILE`, a file that holds it: the login.
    `…_SECRET` or `…_SECRET_FILE`: the secret of webhooks. `…_RECIPE` and `…_RUN`: a retraining is
    `workbench run RECIPE -o RUN`. `…_QUIET`: seconds, 60 by default.

    Raises:
        UsageProblem: a variable is unknown or has a wrong value, or the other one of a pair is missing.
    """
    values = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value.strip()}
    for name in values:
        if name not in KNOWN:
            raise UsageProblem("is no setting", where=name, remedy=f"Known: {', '.join(sorted(KNOWN))}")
    user, password, secret = values.get(USER), _value_or_file(values, PASSWORD), _value_or_file(values, SECRET)
    _check_pair(USER, user, PASSWORD, password, f"Set {USER} and {PASSWORD} or {PASSWORD}{FILE}")
    recipe, run = values.get(RECIPE), values.get(RUN)
    _check_pair(RECIPE, recipe, RUN, run, f"Set {RECIPE} and {RUN}, a recipe and a run folder")
    return Settings(
        check_login(user, password, where=USER) if user and password else None,
        check_secret(secret, SECRET) if secret else None,
        Path(recipe).expanduser() if recipe else None,
        Path(run).expanduser() if run else None,
        _quiet(values.get(QUIET)),
    )


def check_login(user: str, password: str, where: object) -> Login:
    """Give the login, if Label Studio can send it: its HTTP client knows Latin-1 alone, and ends a user at a colon.

    Raises:
        UsageProblem: it cannot.
    """
    try:
        f"{user}{password}".encode("latin-1")
    except UnicodeEncodeError:
        raise UsageProblem(
            "the user or the password has a character that Label Studio cannot send", where=where, remedy="Use ASCII"
        ) from None
    if ":" in user:
        raise UsageProblem("the user has a colon", where=where, remedy="Choose another name")
    return Login(user, password)


def check_secret(secret: str, where: object) -> str:
    """Give the secret without white space around it, if Label Studio can send it: its headers are ASCII.

    Raises:
        UsageProblem: it cannot.
    """
    if not (secret.isascii() and secret.isprintable()):
        raise UsageProblem("the secret has a character that Label Studio cannot send", where=where, remedy="Use ASCII")
    return secret.strip()


def read_line(file: str | Path, where: object, *, private: bool = True) -> str:
    """Read the one line of a file, without white space around it.

    Args:
        file: its path.
        where: option or variable that names the file, for messages.
        private: refuse a file that others can read; containers mount secrets readable.

    Raises:
        UsageProblem: the file cannot be read, or does not hold one line.
        WorkbenchError: others can read it.
    """
    path = Path(file).expanduser()
    try:
        line = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageProblem(f"{file} cannot be read ({why})", where=where) from None
    if private:
        refuse_open(path)
    if len(line.splitlines()) != 1:
        raise UsageProblem(f"{file} does not hold one line", where=where, remedy="Write the secret into it")
    return line


def _value_or_file(values: Mapping[str, str], name: str) -> str | None:
    if name in values and name + FILE in values:
        raise UsageProblem(f"{name}{FILE} is set too", where=name, remedy="Set one of them")
    if name + FILE in values:
        return read_line(values[name + FILE], name + FILE, private=False)
    return values.get(name)


def _check_pair(first: str, one: str | None, second: str, other: str | None, remedy: str) -> None:
    if bool(one) != bool(other):
        raise UsageProblem("is set alone", where=first if one else second, remedy=remedy)


def _quiet(text: str | None) -> float:
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageProblem(f"is {text!r}", where=QUIET, remedy="Give a number of seconds")
    return seconds
