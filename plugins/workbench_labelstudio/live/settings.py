"""What the server learns from its environment: who may ask, and what a retraining runs."""

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
        login: what Label Studio has to give; None = only this machine is answered.
        secret: a webhook that gives it in the header `X-Workbench-Secret` needs no login.
        recipe: what a retraining runs; None = there is none.
        run: the run's folder.
        quiet: seconds without another new label, after which a retraining begins.
    """

    login: Login | None = None
    secret: str | None = field(default=None, repr=False)
    recipe: Path | None = None
    run: Path | None = None
    quiet: float = SECONDS


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment. A variable that is empty is not set.

    `WORKBENCH_LABELSTUDIO_USER` and `…_PASSWORD`, or `…_PASSWORD_FILE`, a file that holds it: the login.
    `…_SECRET` or `…_SECRET_FILE`: the secret of webhooks. `…_RECIPE` and `…_RUN`: a retraining is
    `workbench run RECIPE -o RUN`. `…_QUIET`: seconds, 60 by default.

    Raises:
        UsageProblem: a variable is unknown, odd, or lacks the one that belongs to it.
    """
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value.strip()}
    for name in given:
        if name not in KNOWN:
            raise UsageProblem("is no setting", where=name, remedy=f"Known: {', '.join(sorted(KNOWN))}")
    recipe, run = (Path(given[name]).expanduser() if name in given else None for name in (RECIPE, RUN))
    if (recipe is None) != (run is None):
        raise UsageProblem(
            "is set alone", where=RECIPE if recipe else RUN, remedy=f"Set {RECIPE} and {RUN}, a recipe and a run folder"
        )
    secret = _word(given, SECRET)
    return Settings(
        read_login(given), checked_secret(secret, SECRET) if secret else None, recipe, run, _quiet(given.get(QUIET))
    )


def read_login(given: Mapping[str, str]) -> Login | None:
    """The login of an environment, or None.

    Raises:
        UsageProblem: half of it is missing, or Label Studio could not send it.
    """
    user, password = given.get(USER), _word(given, PASSWORD)
    if not user and not password:
        return None
    if not user or not password:
        raise UsageProblem(
            "is set alone", where=USER if user else PASSWORD, remedy=f"Set {USER} and {PASSWORD} or {PASSWORD}{FILE}"
        )
    return checked_login(user, password, where=USER)


def checked_login(user: str, password: str, where: object) -> Login:
    """The login, if Label Studio can send it: its HTTP client knows Latin-1 alone, and takes a colon for the end.

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


def read_secret(file: str | Path, where: object) -> str:
    """The secret of webhooks in a file, see `read_word` and `checked_secret`."""
    return checked_secret(read_word(file, where), where)


def checked_secret(secret: str, where: object) -> str:
    """The secret, without white space around it, if Label Studio can send it: it puts ASCII alone into a header.

    Raises:
        UsageProblem: it cannot.
    """
    if not (secret.isascii() and secret.isprintable()):
        raise UsageProblem("the secret has a character that Label Studio cannot send", where=where, remedy="Use ASCII")
    return secret.strip()


def read_word(file: str | Path, where: object, *, private: bool = True) -> str:
    """The one line in a file; white space around it is left out.

    Args:
        file: its path.
        where: what names it, for messages.
        private: whether its owner alone may read it, as it is with tokens; containers mount secrets otherwise.

    Raises:
        UsageProblem: it cannot be read, or does not hold one line.
        WorkbenchError: others can read it.
    """
    path = Path(file).expanduser()
    try:
        word = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageProblem(f"{file} cannot be read ({why})", where=where) from None
    if private:
        refuse_open(path)
    if len(word.splitlines()) != 1:
        raise UsageProblem(f"{file} does not hold one line", where=where, remedy="Write the secret into it")
    return word


def _word(given: Mapping[str, str], name: str) -> str | None:
    if name in given and name + FILE in given:
        raise UsageProblem(f"{name}{FILE} is set too", where=name, remedy="Set one of them")
    return read_word(given[name + FILE], name + FILE, private=False) if name + FILE in given else given.get(name)


def _quiet(text: str | None) -> float:
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageProblem(f"is {text!r}", where=QUIET, remedy="Give a number of seconds")
    return seconds
